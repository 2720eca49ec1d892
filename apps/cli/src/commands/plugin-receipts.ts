import type { ToldReceipt } from '@crm-mesh/control';
import type { Command } from 'commander';
import { requestControl } from '@crm-mesh/jetstream';
import type { CliContext } from '../cli-context.js';
import { runCommand } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { cutText } from '../output/format.js';
import { renderTable } from '../output/table.js';
import { parseWholeNumber } from './parse-options.js';

const SHOWN = 50;
const SHOWN_CHARACTERS = 80;

interface ReceiptsOptions {
  record?: string;
  limit: number;
}

export function addPluginReceipts(plugin: Command): void {
  const receipts = plugin
    .command('receipts')
    .description('What its handler gave back for events that it has done, the newest first.')
    .argument('<name>')
    .option('--record <key>', 'of one record: deal/4711, or tenant/connection/deal/4711')
    .option('--limit <number>', 'at most so many', parseWholeNumber, SHOWN);
  runCommand<ReceiptsOptions, [string]>(receipts, showReceipts);
}

async function showReceipts(
  context: CliContext,
  { record, limit }: ReceiptsOptions,
  consumer: string,
): Promise<ExitCode> {
  return withMesh(context, async (nats) => {
    const query = { consumer, limit, ...(record === undefined ? {} : { record }) };
    const { receipts } = await requestControl<{ receipts: ToldReceipt[] }>(nats, 'host', 'receipts', query);
    context.terminal.printJson({ receipts });
    context.terminal.print(receipts.length === 0 ? `No receipts of ${consumer}.` : renderReceipts(receipts));
    return EXIT.ok;
  });
}

function renderReceipts(receipts: readonly ToldReceipt[]): string {
  const columns = [
    { title: 'record' },
    { title: 'type' },
    { title: 'event', align: 'right' as const },
    { title: 'at' },
    { title: 'receipt' },
  ];
  const rows = receipts.map(({ record, type, sequence, at, receipt }) => [
    ...[record, type, String(sequence), at],
    cutText(typeof receipt === 'string' ? receipt : JSON.stringify(receipt), SHOWN_CHARACTERS),
  ]);
  return renderTable(columns, rows);
}
