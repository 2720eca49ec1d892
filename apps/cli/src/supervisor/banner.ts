import { relative } from 'node:path';
import pc from 'picocolors';
import type { RunningMesh } from './running-mesh.js';
import { buildCurlLine } from './curl-line.js';

/** What runs where, and what to do next. */
export function renderBanner(mesh: RunningMesh, cwd: string): string {
  const server = describeServer(mesh);
  const { publisher = '', host = '', sandbox } = mesh.urls;
  const { connections } = mesh.config;
  const curl = buildCurlLine({ connections, publisherUrl: publisher, demoToken: mesh.secrets.eventsToken });
  const rows: (readonly [string, string])[] = [
    [
      'nats-server',
      `${server.address}${mesh.server ? `  (${mesh.server.version}, data in ${shorten(mesh.dataDir, cwd)})` : '  (yours)'}`,
    ],
    ['publisher', `${publisher}  webhooks: ${describeWebhooks(mesh)}`],
    ['host', host],
    ...(sandbox ? [['sandbox CRM', `${sandbox}  a simulated HubSpot that plays a small company`] as const] : []),
    [
      'plugins',
      `${mesh.config.pluginFolders.map((folder) => shorten(folder, cwd)).join(', ')}  drop a file in, or: npx mesh plugin new my-plugin`,
    ],
  ];
  return [
    '',
    `${pc.green('✓')} ${pc.bold('The mesh is running.')} ${pc.dim('Ctrl-C drains and stops it.')}`,
    '',
    ...rows.map(([name, text]) => `  ${pc.bold(name.padEnd(12))} ${text}`),
    '',
    `  ${pc.bold('Look at it:')}    nats ${server.option} stream ls`,
    `                 nats ${server.option} sub 'crm.>'`,
    '                 npx mesh status',
    ...(curl ? [`  ${pc.bold('Send an event:')} ${curl}`] : []),
    '',
  ].join('\n');
}

function describeServer({ nats }: RunningMesh): { address: string; option: string } {
  if (nats.context) return { address: `context ${nats.context}`, option: `--context ${nats.context}` };
  const url = nats.url ?? 'nats://127.0.0.1:4222';
  const creds = nats.credsFile ? ` --creds ${nats.credsFile}` : '';
  return { address: hidePassword(url), option: `--server ${hidePassword(url)}${creds}` };
}

/** Terminals are recorded and shared. */
function hidePassword(url: string): string {
  return url.replaceAll(/\/\/[^@/,]*@/g, '//***@');
}

function describeWebhooks({ config }: RunningMesh): string {
  if (config.connections.length === 0) return 'no connection in mesh.yaml yet';
  return config.connections.map(({ tenant, name }) => `/webhooks/${tenant}/${name}`).join('  ');
}

function shorten(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === '' || short.startsWith('..') ? path : short;
}
