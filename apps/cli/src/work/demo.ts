import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pc from 'picocolors';
import { MeshError } from '@crm-mesh/contract';
import type { CliContext } from '../cli-context.js';
import { judgeDemo, type DemoRow } from '../demo/judge-demo.js';
import { judgeReconciliation } from '../demo/judge-reconciliation.js';
import { observeSettled } from '../demo/observe-mesh.js';
import { sendOwnEvents, type OwnEventsTarget } from '../demo/own-events.js';
import { plantDifferences } from '../demo/plant-differences.js';
import { reconcileMesh } from '../demo/reconcile-mesh.js';
import { countReceived, playScenario } from '../demo/scenario.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { CACHE_DIR } from '../mesh/cache-dir.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { formatCount, formatDuration } from '../output/format.js';
import { renderLogLine } from '../output/log-line.js';
import { describeRun } from '../output/reconcile-tables.js';
import { renderTable } from '../output/table.js';
import { findSandboxConnection } from '../supervisor/plan-apps.js';
import { RunningMesh } from '../supervisor/running-mesh.js';
import { onStopSignals } from '../supervisor/stop-signals.js';

const SETTLE_TIMEOUT_MS = 40_000;

export async function runDemo(context: CliContext, { verbose = false }: { verbose?: boolean }): Promise<ExitCode> {
  const dataDir = mkdtempSync(join(tmpdir(), 'mesh-demo-'));
  const startedAtMs = performance.now();
  const own = isolate(context, dataDir);
  let mesh: RunningMesh | undefined;
  const cleanUp = async (): Promise<void> => {
    await mesh?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  onStopSignals({
    onStop: () => void cleanUp().then(() => process.exit(EXIT.problem)),
    onKill: () => {
      mesh?.kill();
      process.exit(EXIT.problem);
    },
  });
  try {
    await start(own, verbose, (created) => (mesh = created));
    const rows = await play(own, mesh!);
    return report(context, rows, performance.now() - startedAtMs);
  } finally {
    await cleanUp();
  }
}

/** A mesh of its own, whatever NATS or data folder the environment names. */
function isolate(context: CliContext, dataDir: string): CliContext {
  const { NATS_URL: _url, NATS_CONTEXT: _context, NATS_CREDS: _creds, ...env } = context.env;
  return { ...context, env: { ...env, MESH_DATA_DIR: dataDir }, options: {} };
}

async function start(
  { env, cwd, terminal }: CliContext,
  verbose: boolean,
  onCreated: (mesh: RunningMesh) => void,
): Promise<void> {
  await RunningMesh.start(
    {
      cwd,
      env,
      cacheDir: CACHE_DIR,
      ports: { publisher: 0, host: 0, sandbox: 0, nats: 0 },
      play: false,
      hooks: {
        onProgress: (step) => terminal.remark(`${pc.dim('…')} ${step}`),
        onTrouble: (who, detail) => terminal.complain(`${pc.red('!')} ${pc.bold(who)} ${detail}`),
        onLine: (app, line) => {
          const text = verbose ? renderLogLine(app, line, { verbose: false }) : undefined;
          if (text !== undefined) terminal.remark(text);
        },
      },
    },
    onCreated,
  );
}

async function play(context: CliContext, mesh: RunningMesh): Promise<DemoRow[]> {
  const { sandbox } = mesh.urls;
  const connection = findSandboxConnection(mesh.config);
  if (sandbox === undefined || connection === undefined) {
    throw new MeshError('MESH_DEMO_FAILED', 'mesh.yaml has no connection to the sandbox CRM.', {
      cure: 'Run it with the mesh.yaml of the repository: `mesh demo --config mesh.yaml`.',
    });
  }
  const tell = (step: string): void => context.terminal.remark(`${pc.dim('…')} ${step}`);
  tell('playing some days of a small company');
  const own = await sendOwnEvents(findEventsTarget(mesh));
  const scenario = await playScenario(sandbox);
  tell('waiting until everything is delivered');
  return withMesh(context, async (nats) => {
    const observed = await observeSettled(nats, SETTLE_TIMEOUT_MS);
    const rows = judgeDemo({ scenario, own, observed, told: await countReceived(sandbox) });
    tell('dropping webhooks and editing rows, so that the CRM, the mesh and the table differ');
    const planted = await plantDifferences(sandbox, mesh);
    let said = '';
    const reconciled = await reconcileMesh(nats, planted, {
      ...{ connection, settleTimeoutMs: SETTLE_TIMEOUT_MS },
      onProgress: (pair, status) => {
        const text = `reconciling ${pair}: ${describeRun(status)}`;
        if (text !== said) tell(text);
        said = text;
      },
    });
    return [...rows, ...judgeReconciliation(reconciled)];
  });
}

function findEventsTarget({ config, urls, secrets }: RunningMesh): OwnEventsTarget {
  const connection = config.connections.find(({ source }) => source === 'cloudevents');
  if (connection === undefined) {
    throw new MeshError('MESH_DEMO_FAILED', 'mesh.yaml has no CloudEvents connection.', {
      cure: 'Run it with the mesh.yaml of the repository: `mesh demo --config mesh.yaml`.',
    });
  }
  return { url: `${urls.publisher}/webhooks/${connection.tenant}/${connection.name}`, token: secrets.eventsToken };
}

const COLUMNS = [
  { title: '' },
  { title: 'what' },
  { title: 'expected', align: 'right' as const },
  { title: 'actual', align: 'right' as const },
];

function report({ terminal }: CliContext, rows: readonly DemoRow[], durationMs: number): ExitCode {
  const wrong = rows.filter((row) => !row.ok).length;
  terminal.printJson({ ok: wrong === 0, durationMs: Math.round(durationMs), rows });
  const mark = (row: DemoRow): string => (row.ok ? pc.green('✓') : pc.red('✗'));
  terminal.print('');
  terminal.print(
    renderTable(
      COLUMNS,
      rows.map((row) => [mark(row), row.what, formatCount(row.expected), formatCount(row.actual)]),
    ),
  );
  const verdict = wrong === 0 ? `${pc.green('✓')} every count is right` : `${pc.red('✗')} ${wrong} counts are wrong`;
  terminal.print(`\n${verdict} ${pc.dim(`(${formatDuration(durationMs)})`)}`);
  return wrong === 0 ? EXIT.ok : EXIT.problem;
}
