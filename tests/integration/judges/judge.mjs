// Judges messages with libraries that nobody here wrote: one JSON request a line in, one verdict a line out.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import * as discord from "discord-api-spec/zod";
import { Webhook as Standard } from "standardwebhooks";
import { Webhook as Svix } from "svix";

const cards = createRequire(import.meta.url)("adaptivecards/dist/adaptivecards.js");

function faultsOfCard(body) {
  const card = new cards.AdaptiveCard();
  const context = new cards.SerializationContext();
  card.parse(body, context);
  const read = Array.from({ length: context.eventCount }, (_, at) => context.getEventAt(at).message);
  return [...read, ...card.validateProperties().validationEvents.map((event) => event.message)];
}

function faultsOfDiscord(body, schema) {
  const { error } = schema.safeParse(body);
  return error ? error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`) : [];
}

function faultsOfSignature(Library, { secret, headers, text }) {
  try {
    new Library(secret).verify(text, headers);
    return [];
  } catch (error) {
    return [error.message];
  }
}

const judges = {
  card: ({ body }) => faultsOfCard(body),
  discord: ({ body }) => faultsOfDiscord(body, discord.IncomingWebhookRequestPartialSchema),
  discordChange: ({ body }) => faultsOfDiscord(body, discord.IncomingWebhookUpdateRequestPartialSchema),
  standardwebhooks: (message) => faultsOfSignature(Standard, message),
  svix: (message) => faultsOfSignature(Svix, message),
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  console.log(JSON.stringify(judges[request.judge](request)));
}
