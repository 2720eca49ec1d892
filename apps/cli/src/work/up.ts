import pc from 'picocolors';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { CACHE_DIR } from '../mesh/cache-dir.js';
import { renderLogLine } from '../output/log-line.js';
import { renderBanner } from '../supervisor/banner.js';
import type { MeshHooks } from '../supervisor/mesh-options.js';
import { RunningMesh } from '../supervisor/running-mesh.js';
import { onStopSignals } from '../supervisor/stop-signals.js';

interface UpOptions {
  publisherPort: number;
  hostPort: number;
  sandboxPort: number;
  natsPort: number;
  play: boolean;
  eventsPerMinute: number;
  verbose?: boolean;
}

export async function up(context: CliContext, options: UpOptions): Promise<ExitCode> {
  const { terminal, env, cwd } = context;
  const ports = {
    publisher: options.publisherPort,
    host: options.hostPort,
    sandbox: options.sandboxPort,
    nats: options.natsPort,
  };
  let mesh: RunningMesh | undefined;
  let stopWanted = false;
  onStopSignals({
    onStop: () => {
      stopWanted = true;
      terminal.remark(`\n${pc.dim('stopping: what is in hand is finished first (Ctrl-C again: at once)')}`);
      void stop();
    },
    onKill: () => {
      mesh?.kill();
      process.exit(EXIT.problem);
    },
  });
  const stop = async (): Promise<void> => {
    await mesh?.stop();
    terminal.remark(pc.dim('stopped'));
    // Ends `up` too, and whatever a start that was broken off still waits for.
    process.exit(EXIT.ok);
  };

  const meshOptions = {
    cwd,
    env,
    cacheDir: CACHE_DIR,
    ports,
    play: options.play,
    eventsPerMinute: options.eventsPerMinute,
    hooks: createHooks(context, options),
  };
  await RunningMesh.start(meshOptions, (created) => (mesh = created)).catch((error: unknown) => {
    // Told by the signal, not by the mesh: one that failed to start is stopping too. `stop` ends the process.
    if (!stopWanted) throw error;
  });
  if (mesh && !stopWanted) announce(context, mesh);
  return new Promise(() => undefined);
}

function announce({ terminal, cwd }: CliContext, mesh: RunningMesh): void {
  terminal.print(renderBanner(mesh, cwd));
  terminal.printJson({ msg: 'running', nats: mesh.nats, urls: mesh.urls, dataDir: mesh.dataDir });
}

function createHooks({ terminal }: CliContext, { verbose = false }: UpOptions): MeshHooks {
  return {
    onProgress: (step) => terminal.remark(`${pc.dim('…')} ${step}`),
    onTrouble: (who, detail) => {
      if (terminal.json) terminal.printJson({ msg: 'trouble', who, detail });
      else terminal.complain(`${pc.red('!')} ${pc.bold(who)} ${detail}`);
    },
    onLine: (app, line) => {
      // In JSON mode the apps' own lines are the output; what is none of their log (a stack, say) is put into one.
      if (terminal.json) terminal.printLine(line.startsWith('{') ? line : JSON.stringify({ app, msg: line }));
      const text = renderLogLine(app, line, { verbose });
      if (text !== undefined) terminal.print(text);
    },
  };
}
