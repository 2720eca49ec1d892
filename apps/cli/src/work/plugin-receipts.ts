import type { ToldReceipt } from '@crm-mesh/control';
import { requestControl } from '@crm-mesh/jetstream';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { cutText } from '../output/format.js';
import { renderTable } from '../output/table.js';

const SHOWN_CHARACTERS = 80;

interface ReceiptsOptions {
  record?: string;
  limit: number;
}

export async function showReceipts(
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
