import { join, relative, resolve } from 'node:path';
import pc from 'picocolors';
import { suggestName } from '@crm-mesh/config/suggest-name';
import { ACTIONS, isEventPattern, MeshError, type EventPattern } from '@crm-mesh/contract';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { loadMeshConfig } from '../mesh/load-mesh-config.js';
import { buildPluginTemplate, buildSpecTemplate, chooseSampleType } from './plugin-template.js';
import { checkNewName, writeNewFiles } from './write-new.js';

interface NewOptions {
  events: string[];
  folder?: string;
}

export async function writePlugin(context: CliContext, options: NewOptions, name: string): Promise<ExitCode> {
  checkNewName(name, 'plugin', 'it names the durable consumer');
  const events = options.events.flatMap((text) => text.split(',')).map(checkEvent);
  const folder = resolve(context.cwd, options.folder ?? loadMeshConfig(context).pluginFolders[0] ?? 'plugins');
  const files = {
    [join(folder, `${name}.plugin.ts`)]: buildPluginTemplate(name, events),
    [join(folder, `${name}.plugin.spec.ts`)]: buildSpecTemplate(name, chooseSampleType(events)),
  };
  writeNewFiles(files);
  const shown = Object.keys(files).map((file) => relative(context.cwd, file));
  context.terminal.printJson({ name, events, files: Object.keys(files) });
  context.terminal.print(shown.map((file) => `${pc.green('✓')} ${file}`).join('\n'));
  context.terminal.print(pc.dim(`Check it: mesh plugin check ${shown[0]} · test it: npx vitest run ${shown[1]}`));
  return EXIT.ok;
}

function checkEvent(text: string): EventPattern {
  if (isEventPattern(text)) return text;
  const known = Object.entries(ACTIONS).flatMap(([entity, actions]) => [
    `${entity}.*`,
    ...actions.map((action) => `${entity}.${action}`),
  ]);
  const suggestion = suggestName(text, known);
  const cure = suggestion ? `Did you mean ${suggestion}?` : 'Write a type such as deal.won, deal.* or *.';
  throw new MeshError('MESH_USAGE', `"${text}" is no event type.`, { cure });
}
