// A Jetstream in both of its forms over the firehose of a PDS: the true one is a program of its own
// that no package registry has. What it says are the PDS's events, decoded by the network's own
// package; how it says it follows the recorded lines and the published lexicon.
import { IdResolver } from '@atproto/identity'
import { lexToJson } from '@atproto/lex-json'
import { Firehose } from '@atproto/sync'
import { WebSocketServer } from 'ws'

const NEW_FORM = '/xrpc/network.bsky.jetstream.subscribeEvents'
const FIRST_TIME = 1e15 // a cursor of the new form from here on is microseconds

// Returns the address of its root, once it listens.
export async function jetstream(pds, plc) {
  const told = []
  const listeners = new Set()
  let last = 0

  const hear = (event) => {
    if (!('collection' in event)) return
    // one microsecond apart at least, as true ones are
    last = Math.max(Date.now() * 1000, last + 1)
    told.push({
      seq: told.length + 1,
      time_us: last,
      did: event.did,
      commit: {
        rev: event.rev,
        operation: event.event,
        collection: event.collection,
        rkey: event.rkey,
        ...(event.event === 'delete'
          ? {}
          : { record: lexToJson(event.record), cid: event.cid.toString() }),
      },
    })
    for (const listener of listeners) listener(told.at(-1))
  }

  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    handleProtocols: (offered) => (offered.has('xrpc.v1.json') ? 'xrpc.v1.json' : false),
  })
  server.on('connection', (line, request) => {
    const url = new URL(request.url, 'ws://localhost')
    const isNew = url.pathname === NEW_FORM
    const wanted = url.searchParams.getAll(isNew ? 'collections' : 'wantedCollections')
    const cursor = Number(url.searchParams.get('cursor') ?? Infinity)
    const isTime = !isNew || cursor >= FIRST_TIME
    const say = (event) => {
      if ((isTime ? event.time_us : event.seq) < cursor) return
      if (wanted.length && !wanted.includes(event.commit.collection)) return
      line.send(JSON.stringify(isNew ? newForm(event) : oldForm(event)))
    }
    const live = (event) => say(event)
    if (cursor !== Infinity) told.forEach(say)
    listeners.add(live)
    line.on('close', () => listeners.delete(live))
  })
  await new Promise((listening) => server.once('listening', listening))

  const firehose = new Firehose({
    idResolver: new IdResolver({ plcUrl: plc }),
    service: pds.replace('http', 'ws'),
    getCursor: () => 0,
    handleEvent: hear,
    onError: (error) => console.error(error),
    unauthenticatedCommits: true,
    excludeIdentity: true,
    excludeAccount: true,
    excludeSync: true,
  })
  firehose.start()
  return `ws://127.0.0.1:${server.address().port}`
}

function oldForm({ did, time_us, commit }) {
  return { did, time_us, kind: 'commit', commit }
}

function newForm({ seq, time_us, did, commit }) {
  const time = new Date(time_us / 1000).toISOString().replace('Z', `${String(time_us % 1000).padStart(3, '0')}Z`)
  return {
    $type: 'message',
    payload: {
      $type: 'network.bsky.jetstream.subscribeEvents#commit',
      seq,
      did,
      time,
      witnessedAt: time,
      ...commit,
    },
  }
}
