import type { Command } from 'commander';
import { runCommand } from '../command.js';
import { parseDuration } from './parse-options.js';
import { addPluginCheck } from './plugin-check.js';
import { addPluginNew } from './plugin-new.js';
import { addPluginReceipts } from './plugin-receipts.js';

export function addPlugin(program: Command): void {
  const plugin = program.command('plugin').description('Plugins: drop-in consumers of canonical events.');
  addPluginNew(plugin);
  const list = plugin
    .command('list')
    .description('Those that the running host knows; exits with 1 when one is refused.');
  runCommand(list, async () => (await import('../work/plugin.js')).listPlugins);
  addPluginCheck(plugin);
  addPluginReceipts(plugin);
  const pause = plugin
    .command('pause')
    .description('Its events wait in the stream until it is resumed, also over a restart.')
    .argument('<name>')
    .option('--for <duration>', 'resume by itself after 30s, 10m, 2h, 7d', parseDuration);
  runCommand(pause, async () => (await import('../work/plugin.js')).pausePlugin);
  const resume = plugin.command('resume').description('Goes on where it was paused.').argument('<name>');
  runCommand(resume, async () => (await import('../work/plugin.js')).resumePlugin);
}
