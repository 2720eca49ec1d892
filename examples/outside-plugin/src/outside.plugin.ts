import { appendFile } from 'node:fs/promises';
import { definePlugin } from '@crm-mesh/sdk';
import { Config } from './config.js';
import { formatLine } from './format-line.js';

export default definePlugin({
  name: 'outside-plugin',
  description: 'Keeps a CSV file of won deals that are worth more than a limit.',
  events: ['deal.won'],
  config: Config,
  async handle(event, { config, log }) {
    const worth = Number(event.data.amount?.value ?? 0);
    if (worth < config.atLeast) return;
    await appendFile(config.file, formatLine(event));
    log.info({ version: event.recordversion }, 'written');
  },
});
