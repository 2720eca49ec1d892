import pc from 'picocolors';
import type { Nats } from '@crm-mesh/jetstream';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { beginBackfill, cancelBackfill, followBackfill, type BackfillOrder } from '../mesh/follow-backfill.js';
import { nameActor } from '../mesh/name-actor.js';
import { readConnectionName } from '../mesh/read-connection-name.js';
import { describeBackfill } from '../output/source-tables.js';

interface BackfillOptions {
  entity?: string[];
  cancel?: boolean;
  follow: boolean;
  as?: string;
}

export async function loadConnection(context: CliContext, options: BackfillOptions, name: string): Promise<ExitCode> {
  const order = planOrder(name, options);
  return withMesh(context, (nats) =>
    options.cancel ? cancel(context, nats, order) : load(context, nats, { order, follow: options.follow }),
  );
}

/** Throws MESH_USAGE. */
function planOrder(name: string, { entity, as }: BackfillOptions): BackfillOrder {
  return { ...readConnectionName(name), by: nameActor(as), ...(entity ? { entities: entity } : {}) };
}

async function load(
  { terminal }: CliContext,
  nats: Nats,
  { order, follow }: { order: BackfillOrder; follow: boolean },
): Promise<ExitCode> {
  const name = `${order.tenant}/${order.connection}`;
  const begun = await beginBackfill(nats, order);
  if (!follow) {
    terminal.printJson(begun);
    terminal.print(`The backfill of ${name} runs; mesh source status shows how far it is.`);
    return EXIT.ok;
  }
  terminal.remark(pc.dim(`It goes on without this command, too; to end it: mesh source backfill ${name} --cancel`));
  let said = '';
  const ended = await followBackfill(nats, { order, run: begun.run }, (status) => {
    const text = status ? describeBackfill(status, Date.now()) : 'no publisher answers; it goes on when one is back';
    if (text !== said) terminal.remark(pc.dim(text));
    said = text;
  });
  const isOver = ended.ended?.how === 'over';
  terminal.printJson(ended);
  terminal.print(`${isOver ? pc.green('✓') : pc.yellow('cancelled:')} ${describeBackfill(ended, Date.now())}`);
  return isOver ? EXIT.ok : EXIT.problem;
}

async function cancel({ terminal }: CliContext, nats: Nats, order: BackfillOrder): Promise<ExitCode> {
  const cancelled = await cancelBackfill(nats, order);
  terminal.printJson(cancelled);
  if (cancelled) terminal.print(`${pc.green('✓')} cancelled: ${describeBackfill(cancelled, Date.now())}`);
  else terminal.print(`No backfill of ${order.tenant}/${order.connection} runs.`);
  return cancelled ? EXIT.ok : EXIT.problem;
}
