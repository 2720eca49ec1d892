import { definePlugin } from '@crm-mesh/sdk';

export default definePlugin({
  name: 'audit-log',
  description: 'Writes one line per event: which record, which version, what happened; never what the record holds.',
  events: ['*'],
  handle(event, { log }) {
    log.info({ event: event.id, type: event.type, origin: event.origin, happenedAt: event.time }, 'audit');
  },
});
