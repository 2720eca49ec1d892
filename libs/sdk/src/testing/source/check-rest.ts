import { checkSourceDefinition } from '../../checks/check-source-definition.js';
import { describeProblems } from '../../checks/problem.js';
import { check, expectJson } from './expect-contract.js';
import type { SourceBench } from './source-bench.js';
import type { SourceCheck } from './source-samples.js';

/** What holds of any source, and of its smaller parts. */
export function listOtherChecks(bench: SourceBench): SourceCheck[] {
  const { source } = bench;
  const checks: (SourceCheck | undefined)[] = [
    { name: 'definition: is what the mesh loads', run: async () => expectDefinition(bench) },
    { name: 'config: takes the samples’ settings, and refuses others', run: () => expectConfig(bench) },
    source.reply && { name: 'reply: is a 2xx with a body', run: () => expectReply(bench) },
    source.handshake && { name: 'handshake: answers any OPTIONS request', run: () => expectHandshake(bench) },
    source.describe && { name: 'describe: fits into JSON', run: () => expectDescription(bench) },
    source.hypotheses && {
      name: 'hypotheses: have names, and settings that verify reads',
      run: () => tryHypotheses(bench),
    },
  ];
  return checks.filter((each) => each !== undefined);
}

function expectDefinition({ source }: SourceBench): void {
  const problems = checkSourceDefinition(source);
  if (problems.length > 0) throw describeProblems(`The source "${source.name}"`, problems, 'MESH_SOURCE_INVALID');
}

async function expectConfig(bench: SourceBench): Promise<void> {
  await bench.openContext();
  const refused = await bench.openContext({ config: { anUnknownSetting: 1 } }).then(
    () => false,
    () => true,
  );
  check(refused, 'a setting that does not exist is not refused: a typing error in mesh.yaml would go unseen');
}

async function expectReply(bench: SourceBench): Promise<void> {
  const context = await bench.openContext();
  for (const { name, request } of bench.samples.requests ?? []) {
    const { status = 200, contentType, body } = bench.source.reply!(bench.toRequest(request), context);
    check(status >= 200 && status < 300, `${name} is answered ${status}, although it is stored`);
    check(typeof contentType === 'string' && typeof body === 'string', `${name}: contentType and body are no texts`);
  }
}

async function expectHandshake(bench: SourceBench): Promise<void> {
  const context = await bench.openContext();
  const tried: Record<string, string>[] = [
    {},
    { 'webhook-request-origin': 'crm.example' },
    { 'webhook-request-origin': '\u0000' },
  ];
  for (const headers of tried) {
    const request = bench.toRequest({ method: 'OPTIONS', headers, body: '' });
    const reply = bench.source.handshake!(request, context);
    check(Number.isInteger(reply.status) && reply.status >= 200, `the status ${reply.status} is none`);
    expectJson(reply.headers, 'headers');
  }
}

async function expectDescription(bench: SourceBench): Promise<void> {
  const described = await bench.source.describe!(await bench.openContext());
  expectJson(described, 'describe');
  for (const [entity, { fields }] of Object.entries(described)) {
    for (const [field, { type }] of Object.entries(fields))
      check(typeof type === 'string', `describe: ${entity}.${field} has no type`);
  }
}

async function tryHypotheses(bench: SourceBench): Promise<void> {
  const { source, samples } = bench;
  const context = await bench.openContext();
  const hypotheses = source.hypotheses!(context);
  check(new Set(hypotheses.map(({ name }) => name)).size === hypotheses.length, 'two hypotheses have one name');
  const request = samples.signatures?.[0]?.request;
  for (const { config, why, cure } of hypotheses) {
    check(why !== '' && cure !== '', 'a hypothesis says neither why nor how to mend it');
    const tried = {
      ...context,
      config: Object.assign(
        Object.create(Object.getPrototypeOf(context.config) as object) as object,
        context.config,
        config,
      ),
    };
    if (request) source.verify?.(bench.toRequest(request), tried);
  }
}
