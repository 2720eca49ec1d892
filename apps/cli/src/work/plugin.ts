import type { HostStatus, PluginStatus } from '@crm-mesh/control';
import { basename } from 'node:path';
import pc from 'picocolors';
import { requestControl } from '@crm-mesh/jetstream';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { isRefused } from '../mesh/mesh-status.js';
import { cutText, formatCount } from '../output/format.js';
import { renderTable } from '../output/table.js';

export async function listPlugins(context: CliContext): Promise<ExitCode> {
  return withMesh(context, async (nats) => {
    const { plugins, pluginFolders } = await requestControl<HostStatus>(nats, 'host', 'status');
    context.terminal.printJson({ pluginFolders, plugins });
    context.terminal.print(
      plugins.length === 0 ? `No plugins in ${pluginFolders.join(', ')}.` : renderPlugins(plugins),
    );
    return plugins.some(isRefused) ? EXIT.problem : EXIT.ok;
  });
}

function renderPlugins(plugins: HostStatus['plugins']): string {
  const columns = [
    { title: 'plugin' },
    { title: 'state' },
    { title: 'version' },
    { title: 'events' },
    { title: 'lag', align: 'right' as const },
    { title: 'file' },
  ];
  const rows = plugins.map((plugin) => [
    plugin.name,
    paintState(plugin),
    plugin.version?.slice(0, 12) ?? '',
    cutText((plugin.events ?? []).join(', '), 40),
    formatLag(plugin),
    basename(plugin.file),
  ]);
  const reasons = plugins.filter((plugin) => plugin.reason).map((plugin) => renderReason(plugin));
  return [renderTable(columns, rows), ...reasons].join('\n');
}

/** Of what runs on this host. */
function formatLag({ consumer, shares = [] }: PluginStatus): string {
  const running = consumer ? [consumer] : shares.flatMap((share) => share.consumer ?? []);
  return running.length === 0 ? '' : formatCount(running.reduce((sum, { pending }) => sum + pending, 0));
}

function paintState(plugin: PluginStatus): string {
  if (plugin.state === 'refused') return pc.red(plugin.state);
  return plugin.state === 'running' && !isRefused(plugin) ? pc.green(plugin.state) : pc.yellow(plugin.state);
}

function renderReason({ name, reason, cure }: HostStatus['plugins'][number]): string {
  return `${pc.red('✗')} ${name}: ${reason}${cure ? `\n  ${pc.cyan('→')} ${cure}` : ''}`;
}

export async function pausePlugin(
  context: CliContext,
  { for: forMs }: { for?: number },
  name: string,
): Promise<ExitCode> {
  return withMesh(context, async (nats) => {
    await requestControl(nats, 'host', 'pause', { name, ...(forMs === undefined ? {} : { forMs }) });
    context.terminal.printJson({ name, state: 'paused', ...(forMs === undefined ? {} : { forMs }) });
    context.terminal.print(`${pc.green('✓')} ${name} is paused; its events wait`);
    return EXIT.ok;
  });
}

export async function resumePlugin(context: CliContext, _options: object, name: string): Promise<ExitCode> {
  return withMesh(context, async (nats) => {
    await requestControl(nats, 'host', 'resume', { name });
    context.terminal.printJson({ name, state: 'running' });
    context.terminal.print(`${pc.green('✓')} ${name} goes on`);
    return EXIT.ok;
  });
}
