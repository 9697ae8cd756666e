// A whole Bluesky network on this machine (PLC, PDS, bsync, AppView, Ozone), from its own packages,
// and beside it a Jetstream. Arguments: the port of the PDS, and the file that gets the addresses.
// Needs DB_POSTGRES_URL and REDIS_HOST.
import { writeFileSync, renameSync } from 'node:fs'
import { TestNetwork, mockMailer } from '@atproto/dev-env'
import { jetstream } from './bluesky-jetstream.mjs'

const [port, file] = process.argv.slice(2)
const network = await TestNetwork.create({
  pds: { port: Number(port), hostname: 'localhost' },
  bsky: { dbPostgresSchema: 'bsky' },
})
mockMailer(network.pds)
const addresses = {
  pds: network.pds.url,
  appview: network.bsky.url,
  plc: network.plc.url,
  jetstream: await jetstream(network.pds.url, network.plc.url),
}
writeFileSync(`${file}.new`, JSON.stringify(addresses))
renameSync(`${file}.new`, file)
