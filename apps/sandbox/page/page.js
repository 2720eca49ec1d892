// Plain: what is shown is asked for once a second, and every button is one request.

const TYPES = ['contacts', 'companies', 'deals', 'products', 'leads', 'line_items'];
const REFRESH_MS = 1_000;
const SHOWN_DELIVERIES = 30;

const state = { type: TYPES[0], merging: undefined, state: undefined, knobs: undefined };
const find = (id) => document.getElementById(id);

async function ask(method, path, body) {
  const json =
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(path, { method, ...json });
  const text = await response.text();
  const answer = text === '' ? undefined : JSON.parse(text);
  if (!response.ok) throw new Error(answer?.message ?? `answered ${response.status}`);
  return answer;
}

/** Text stays text, whatever stands in a record. */
function make(tag, part = {}, ...children) {
  const node = Object.assign(document.createElement(tag), part);
  node.append(...children);
  return node;
}

function makeButton(label, act) {
  const button = make('button', { type: 'button', textContent: label });
  button.addEventListener('click', () => void run(act));
  return button;
}

async function run(act) {
  try {
    await act();
    show(undefined);
  } catch (error) {
    show(error.message);
  }
  await refresh();
}

function show(problem) {
  find('problem').textContent = problem ?? '';
  find('problem').hidden = problem === undefined;
}

const pathOf = (record) => `sandbox/objects/${state.type}/${record.id}`;

function listActions(record) {
  if (record.state === 'archived') return [makeButton('Restore', () => ask('POST', `${pathOf(record)}/restore`))];
  if (state.merging !== undefined && state.merging !== record.id) {
    return [makeButton('Merge into', () => merge(record))];
  }
  const actions = [makeButton('Change', () => ask('PATCH', pathOf(record), {}))];
  if (state.type === 'deals') {
    actions.push(makeButton('Win', () => ask('POST', `${pathOf(record)}/win`)));
    actions.push(makeButton('Lose', () => ask('POST', `${pathOf(record)}/lose`)));
  }
  actions.push(makeButton('Delete', () => ask('DELETE', pathOf(record))));
  if (state.type === 'contacts') actions.push(makeButton('Forget', () => ask('POST', `${pathOf(record)}/erase`)));
  actions.push(makeButton('Merge …', () => void (state.merging = record.id)));
  return actions;
}

async function merge(remaining) {
  const mergedId = state.merging;
  state.merging = undefined;
  await ask('POST', `${pathOf(remaining)}/merge`, { mergedId });
}

function showRecords(records) {
  const rows = records.map((record) =>
    make(
      'tr',
      { className: record.state },
      make('td', { title: JSON.stringify(record.properties, undefined, 2) }, record.name, make('small', {}, record.id)),
      make('td', {}, record.updatedAt.slice(11, 19)),
      make('td', {}, ...listActions(record)),
    ),
  );
  find('records').replaceChildren(...rows);
  find('merging').hidden = state.merging === undefined;
}

function describeItem(item) {
  const what = item.propertyName === undefined ? '' : ` ${item.propertyName} = ${item.propertyValue}`;
  return `${item.subscriptionType} ${item.objectId}${what}`;
}

function describeAttempt({ status, error, durationMs }) {
  return `${status ?? error} in ${durationMs} ms`;
}

function showDeliveries(deliveries) {
  const items = deliveries.toReversed().map(({ id, state: outcome, items: told, attempts }) => {
    const tries = attempts.map(describeAttempt).join(', then ');
    const title = `#${id} ${outcome}${tries === '' ? '' : `: ${tries}`}`;
    return make('li', { className: outcome }, title, ...told.map((item) => make('small', {}, describeItem(item))));
  });
  find('deliveries').replaceChildren(...items);
}

function showSummary() {
  const { webhooks, play } = state.state;
  find('summary').textContent =
    `${webhooks.made} events, ${webhooks.delivered} delivered, ${webhooks.pending} waiting, ${webhooks.failedRequests} requests failed`;
  find('play').textContent = play.running ? 'Stop playing' : 'Play';
  find('pause').textContent = state.knobs.paused ? 'Let webhooks go' : 'Hold webhooks';
  for (const button of find('types').children) {
    button.setAttribute('aria-pressed', String(button.dataset.type === state.type));
  }
}

async function refresh() {
  const [now, knobs, records, deliveries] = await Promise.all([
    ask('GET', 'sandbox/state'),
    ask('GET', 'sandbox/knobs'),
    ask('GET', `sandbox/objects/${state.type}`),
    ask('GET', `sandbox/deliveries?limit=${SHOWN_DELIVERIES}`),
  ]);
  Object.assign(state, { state: now, knobs });
  showSummary();
  showRecords(records);
  showDeliveries(deliveries);
}

/** A sandbox that was stopped says so, and is shown again when it is back. A button in use stays where it is. */
async function refreshForEver() {
  try {
    if (document.activeElement?.closest('#records') === null) await refresh();
  } catch {
    find('summary').textContent = 'The sandbox does not answer.';
  }
  setTimeout(() => void refreshForEver(), REFRESH_MS);
}

for (const type of TYPES) {
  const button = makeButton(type.replace('_', ' '), () => void Object.assign(state, { type, merging: undefined }));
  button.dataset.type = type;
  find('types').append(button, ' ');
}
find('create').addEventListener('click', () => void run(() => ask('POST', `sandbox/objects/${state.type}`, {})));
find('cancel-merge').addEventListener('click', () => void run(() => void (state.merging = undefined)));
find('play').addEventListener(
  'click',
  () => void run(() => ask('POST', 'sandbox/play', { running: !state.state.play.running })),
);
find('pause').addEventListener(
  'click',
  () => void run(() => ask('PUT', 'sandbox/knobs', { paused: !state.knobs.paused })),
);
void refreshForEver();
