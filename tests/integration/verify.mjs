// Verifies messages with a library that nobody here wrote: one JSON message a line in, one verdict a line out.
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, headers, body } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ reason: new Webhook(secret).verify(body, headers).reason }));
  } catch (error) {
    console.log(JSON.stringify({ refused: error.message }));
  }
}
