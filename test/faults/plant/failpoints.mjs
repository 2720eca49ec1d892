// Where a process may be killed, stopped or delayed: a name, a compiled file, and a text of it that occurs exactly once.
// The call is put `before` or `after` that text. Most stand where something may be awaited; `sync` ones do not.
// `needs`: what has to be so, or it is never reached: JetStream refuses (outbox), the host was killed before (crash), the
// server has given deliveries up (exhaustion), an operator redrives or drops dead letters (operator).
// A failpoint is only planted into a process that was told to; anchors.spec.ts holds the table true.
const RECEIVE = 'apps/publisher/dist/webhooks/receive-webhook.js';
const INTAKE = 'apps/publisher/dist/outbox/intake.js';
const OUTBOX = 'apps/publisher/dist/outbox/outbox.js';
const RELAY = 'apps/publisher/dist/outbox/relay.js';
const CONTROLLER = 'apps/publisher/dist/webhooks/webhooks.controller.js';
const NORMALISE = 'apps/publisher/dist/normaliser/normalise.js';
const WRITER = 'apps/publisher/dist/normaliser/event-writer.js';
const RUNNER = 'libs/delivery/dist/lane-runner.js';
const SETTLER = 'libs/delivery/dist/settler.js';
const PARKING = 'libs/delivery/dist/parking.js';
const SUSPECTS = 'libs/delivery/dist/suspect-run.js';
const BURY = 'libs/delivery/dist/bury.js';
const EXHAUSTED = 'libs/delivery/dist/exhausted.js';
const GATHERED = 'libs/store/dist/group-commit.js';
const TURN = 'libs/jetstream/dist/turn-writer.js';
const LOADER = 'libs/sources/dist/kit/record-loader.js';
const REDRIVE = 'libs/delivery/dist/redrive.js';
const LETTERS = 'libs/delivery/dist/open-letters.js';

export const FAILPOINTS = {
  // A webhook in the publisher.
  'receive.before-publish': { app: 'publisher', file: RECEIVE, before: 'return { notifications: notifications.length' },
  'receive.between-publishes': {
    app: 'publisher',
    file: INTAKE,
    before: 'const ack = await nats.publish(message);',
    sync: ';',
  },
  'receive.between-acks': { app: 'publisher', file: INTAKE, after: 'waiting.delete(message);' },
  'receive.before-answer': { app: 'publisher', file: CONTROLLER, before: 'await reply.status(202)' },

  // The same while JetStream refuses, and the way from the outbox into CRM_RAW.
  'outbox.before-commit': { app: 'publisher', file: OUTBOX, before: 'await this.#commits.add(', needs: 'outbox' },
  'outbox.after-commit': {
    app: 'publisher',
    file: OUTBOX,
    after: 'await this.#commits.add({ rows, takenMs });',
    needs: 'outbox',
  },
  'outbox.before-gathered-commit': {
    app: 'publisher',
    file: GATHERED,
    before: 'await this.commit(group.map(',
    needs: 'outbox',
  },
  'outbox.after-gathered-commit': {
    app: 'publisher',
    file: GATHERED,
    before: 'for (const { resolve } of group)',
    needs: 'outbox',
  },
  'relay.before-publish': {
    app: 'publisher',
    file: RELAY,
    before: 'const outcomes = await Promise.allSettled(',
    needs: 'outbox',
  },
  'relay.before-delete': { app: 'publisher', file: RELAY, before: 'const stored = rows.filter(', needs: 'outbox' },

  // A notification in the normaliser.
  'normalise.before-fetch': { app: 'publisher', file: NORMALISE, before: 'const fetched = await readObject(' },
  'fetch.before-request': { app: 'publisher', file: LOADER, before: 'const fetched = await source.fetch?.(' },
  'normalise.before-publish': { app: 'publisher', file: WRITER, before: 'const ack = await nats.publish(' },
  'normalise.before-ledger': { app: 'publisher', file: WRITER, before: 'await ledger.apply(logged);' },
  'normalise.before-ack': { app: 'publisher', file: NORMALISE, before: "return { kind: 'done' };" },

  'publishes.before-socket': { app: 'publisher', file: TURN, before: 'const writes = this.#writes;', sync: ';' },

  // An event in the host.
  'settle.after-handler': { app: 'host', file: SETTLER, before: 'await Promise.all(group.map((held)' },
  'settle.before-ack': { app: 'host', file: RUNNER, after: 'const ack = () => {', sync: ';' },
  'park.before-commit': { app: 'host', file: PARKING, before: 'await this.deps.parked.park(moving' },
  'park.before-acks': { app: 'host', file: PARKING, before: 'lane.parked = { count: moving.length' },
  'park.before-joining': { app: 'host', file: PARKING, before: 'await this.deps.parked.park(fresh' },
  'park.before-joined-acks': { app: 'host', file: PARKING, before: 'for (const { lane, held } of fresh)' },
  'park.before-settling': {
    app: 'host',
    file: PARKING,
    before: 'await this.deps.settler.insist(() => this.deps.parked.settle(',
  },
  'park.after-settling': { app: 'host', file: PARKING, before: 'lane.parked.count -= refs.length' },
  'bury.before-publish': {
    app: 'host',
    file: BURY,
    before: 'return (await nats.publish({ ...message, payload: JSON.stringify(letter) })).sequence',
  },
  'bury.before-term': { app: 'host', file: RUNNER, after: 'await settler.bury(buried, error);' },

  // What is gathered: rows of the inbox and of parked lanes, and what goes to the socket in one turn.
  'gathered.before-commit': { app: 'host', file: GATHERED, before: 'await this.commit(group.map(' },
  'gathered.after-commit': { app: 'host', file: GATHERED, before: 'for (const { resolve } of group)' },
  'answers.before-socket': { app: 'host', file: TURN, before: 'const writes = this.#writes;', sync: ';' },

  // What an operator's max_deliver has exhausted, found by an advisory or by the sweep.
  'exhausted.before-burying': {
    app: 'host',
    file: EXHAUSTED,
    before: 'await settler.bury([held], error);',
    needs: 'exhaustion',
  },
  'exhausted.before-remembering': {
    app: 'host',
    file: EXHAUSTED,
    before: 'await settler.writeDown([held]);',
    needs: 'exhaustion',
  },
  'exhausted.before-save': { app: 'host', file: EXHAUSTED, before: 'await sweeps.save(', needs: 'exhaustion' },

  // Where a host runs what was in hand when the one before it was killed.
  'suspect.before-marks': { app: 'host', file: SUSPECTS, before: 'await insist(() => lives.mark(', needs: 'crash' },
  'suspect.before-unmarking': {
    app: 'host',
    file: SUSPECTS,
    before: 'await insist(() => lives.unmark(refs));',
    needs: 'crash',
  },

  // Every step of a dead letter's end; an operator's request alone leads here (dead-letters.faults.ts).
  'bury.before-noting': {
    app: 'host',
    file: SETTLER,
    before: 'await this.insist(() => this.deps.records.recordFailures(failed))',
  },
  'bury.after-written': { app: 'host', file: RUNNER, before: 'lane.remove(buried);' },
  'redrive.before-copy': {
    app: 'host',
    file: REDRIVE,
    before: 'await nats.publish({ ...copy, payload,',
    needs: 'operator',
  },
  'redrive.after-copy': {
    app: 'host',
    file: REDRIVE,
    before: "await closeLetter(nats, open, { id: copy.messageId, at, did: 'redrive'",
    needs: 'operator',
  },
  'close.before-delete': {
    app: 'host',
    file: LETTERS,
    before: "await nats.deleteMessage('CRM_DEAD', sequence);",
    needs: 'operator',
  },
  'close.after-delete': {
    app: 'host',
    file: LETTERS,
    after: "await nats.deleteMessage('CRM_DEAD', sequence);",
    needs: 'operator',
  },
  'close.before-audit': { app: 'host', file: LETTERS, before: 'await publishAudit(nats, {', needs: 'operator' },
};
