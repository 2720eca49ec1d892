// Wrong code to be planted, one kind of mistake each; bugs.faults.ts holds that the suite finds it.
// An edit: a compiled file, a text of it that occurs exactly once, and what stands there instead.
const INTAKE = 'apps/publisher/dist/outbox/intake.js';
const OUTBOX = 'apps/publisher/dist/outbox/outbox.js';
const RELAY = 'apps/publisher/dist/outbox/relay.js';
const NORMALISE = 'apps/publisher/dist/normaliser/normalise.js';
const WRITER = 'apps/publisher/dist/normaliser/event-writer.js';
const DECIDE = 'apps/publisher/dist/normaliser/decide-event.js';
const MESSAGE_ID = 'libs/contract/dist/message-id.js';
const RUNNER = 'libs/delivery/dist/lane-runner.js';
const GROUPS = 'libs/delivery/dist/group-runner.js';
const SETTLER = 'libs/delivery/dist/settler.js';
const PARKING = 'libs/delivery/dist/parking.js';
const BARRIER = 'libs/delivery/dist/decide-barrier.js';
const EXHAUSTED = 'libs/delivery/dist/exhausted.js';
const GATHERED = 'libs/store/dist/group-commit.js';
const FEED = 'libs/delivery/dist/feed.js';
const LEASE = 'libs/jetstream/dist/lease.js';

export const BUGS = {
  'answer-before-puback': [
    {
      file: INTAKE,
      find: 'const { left, duplicates, refusal } = await this.#publish(nats, messages);',
      replace: 'void this.#publish(nats, messages); const left = []; const duplicates = 0; const refusal = undefined;',
    },
  ],
  'ack-before-handler': [
    {
      file: RUNNER,
      find: 'return this.parkWaiting(lane);',
      replace: "return this.parkWaiting(lane);\nfor (const held of todo) settler.release(held, 'ack', 'acked');",
    },
  ],
  'bury-without-awaiting': [
    {
      file: SETTLER,
      find: 'sequences.push(await this.insist(() => this.publishLetter(held, about)));',
      replace: 'sequences.push(0), void this.publishLetter(held, about).catch(() => undefined);',
    },
  ],
  'dedupe-key-without-tenant': [
    {
      file: MESSAGE_ID,
      find: 'JSON.stringify([tenant, connection, dedupeKey])',
      replace: 'JSON.stringify([connection, dedupeKey])',
    },
  ],
  'normaliser-ack-before-publish': [
    {
      file: NORMALISE,
      find: 'await options.writer.write({ notification, mapped, isRead: fetched !== undefined, ...standsFor });',
      replace:
        'void options.writer.write({ notification, mapped, isRead: fetched !== undefined }).catch(() => undefined);',
    },
  ],
  'ledger-before-log': [
    {
      file: WRITER,
      find: 'const ack = await nats.publish(',
      replace:
        'await ledger.apply({ address, event, sequence: ledger.position + 1, fieldTimes });\n' +
        'const ack = await nats.publish(',
    },
  ],
  'no-barrier': [
    {
      file: BARRIER,
      find: 'if (view.held === view.ackPending && view.forgotten === 0)',
      replace: 'if (Date.now() > 0)',
    },
  ],
  'no-gap-barrier': [
    { file: FEED, find: "this.closeBarrier('gap');", replace: ';' },
    { file: FEED, find: "this.closeBarrier('interrupted');", replace: ';' },
  ],
  'delayed-nak-instead-of-parking': [
    {
      file: RUNNER,
      find: 'await parking.park(lane, this.movable(lane, retried), (held) => (retried.includes(held) ? details : {}));',
      replace:
        'lane.remove(retried); lane.waitUntil(0);\n' +
        'for (const held of retried) { settler.held.delete(held.key);\n' +
        "held.delivery.respond(Buffer.from('-NAK {\"delay\": ' + delayMs * 1e6 + '}'), true); }",
    },
  ],
  'burying-by-delivery-count': [
    {
      file: GROUPS,
      find: 'if (together === 1 && this.deps.isCondemned(todo[0].ref))',
      replace:
        "if (todo[0].delivery?.deliveryCount > 2) return { outcome: { kind: 'permanent', error: { name: 'Error', message: 'delivered too often' } }, together };\n" +
        'if (together === 1 && this.deps.isCondemned(todo[0].ref))',
    },
  ],
  'parking-acks-before-rows': [
    {
      file: PARKING,
      find: 'async park(lane, moving, details) {',
      replace:
        'async park(lane, moving, details) {\n' +
        "for (const held of moving) this.deps.settler.release(held, 'ack', 'parked', details(held));\n" +
        'await new Promise((resolve) => setTimeout(resolve, 1_000));',
    },
  ],
  'outbox-answers-before-commit': [
    {
      file: OUTBOX,
      find: 'await this.#commits.add({ rows, takenMs });',
      replace: 'setTimeout(() => void this.#commits.add({ rows, takenMs }), 2_000);',
    },
  ],
  'relay-deletes-what-was-refused': [
    {
      file: RELAY,
      find: "rows.filter((_row, at) => outcomes[at].status === 'fulfilled')",
      replace: 'rows',
    },
  ],
  'no-inbox': [
    {
      file: SETTLER,
      find: "return this.spec.policy.idempotency === 'inbox' || group.some(",
      replace: 'return group.some(',
    },
  ],
  'remembered-before-buried': [
    {
      file: EXHAUSTED,
      find: 'Object.assign(held, { attempts',
      replace: 'await settler.writeDown([held]);\nObject.assign(held, { attempts',
    },
  ],
  'gathered-commit-not-awaited': [
    {
      file: GATHERED,
      find: 'const group = this.gathered;',
      replace: 'const group = this.gathered; for (const { resolve } of group) resolve();',
    },
  ],
  'unreadable-record-skipped': [
    {
      file: NORMALISE,
      find: 'const verdict = classifyError(error, signal);',
      replace: "const verdict = error.name === 'Unavailable' ? { kind: 'done' } : classifyError(error, signal);",
    },
  ],
  'lease-never-expires': [
    { file: LEASE, find: 'return this.#held && performance.now() < this.#deadlineMs;', replace: 'return this.#held;' },
    { file: LEASE, find: 'setTimeout(() => this.#lose(),', replace: 'setTimeout(() => undefined,' },
    { file: LEASE, find: 'if (!isOurs)', replace: 'if (isOurs === null)' },
  ],
  'no-fence': [{ file: WRITER, find: 'messageId: event.id', replace: 'messageId: `${event.id}/${process.pid}`' }],
  'stale-accepted': [{ file: DECIDE, find: 'if (isOld && entry)', replace: 'if (isOld && entry === null)' }],
};
