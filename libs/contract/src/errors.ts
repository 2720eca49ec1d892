/**
 * Every error that a user can meet: code → what it means → how to mend it.
 * `docs/errors.md` lists the same table; a test holds them equal. Keep the codes sorted.
 */
export const MESH_ERRORS = {
  MESH_ALREADY_RUNNING: {
    meaning: 'Another `mesh up` runs on this data folder.',
    cure: 'Look at it with `mesh status`, stop it with Ctrl-C where it runs, or give the new one a folder of its own: `mesh up --data-dir DIR`.',
  },
  MESH_APP_FAILED: {
    meaning: 'An app of the mesh ended before it was ready.',
    cure: 'Read its last lines, which the message quotes; `mesh doctor` checks what it needs.',
  },
  MESH_CLAIM_MISSING: {
    meaning: 'A message was too large for the stream, and its payload is not in the object store any more.',
    cure: 'Drop the dead letter; the next change of its record tells it whole. Do not delete objects of `mesh_claims` by hand.',
  },
  MESH_CONFIG_INVALID: {
    meaning: 'mesh.yaml, or a file or variable that it refers to, is wrong.',
    cure: 'Mend the key that the message names; `mesh doctor` checks the whole file.',
  },
  MESH_CONNECTION_UNKNOWN: {
    meaning: 'No connection of this name is configured for this tenant.',
    cure: 'Compare tenant and name in the URL with `connections` in mesh.yaml.',
  },
  MESH_CONTROL_FAILED: {
    meaning: 'An app could not do what a control request asked for, for a reason that it did not expect.',
    cure: 'Look into the log of the app that the message names, at the same time.',
  },
  MESH_CONTROL_INVALID: {
    meaning: 'A control request is not what the app understands.',
    cure: 'Send JSON with the fields that the message names; `nats service info` lists the verbs.',
  },
  MESH_DEAD_LETTER_MISSING: {
    meaning: 'There is no open dead letter of this number.',
    cure: '`mesh dead list` shows those that are open; one that was redriven is gone.',
  },
  MESH_DEMO_FAILED: {
    meaning: 'The demo could not be carried through.',
    cure: 'Run `mesh demo` again; `mesh up --verbose` shows what the apps say.',
  },
  MESH_DURABLE_MISSING: {
    meaning: 'The consumer does not exist on its stream.',
    cure: 'Start the host or publisher that owns it, which creates it; `nats consumer ls <stream>` lists those that exist.',
  },
  MESH_EVENT_INVALID: {
    meaning: 'A canonical event or record, or a notification, breaks its schema.',
    cure: 'Mend the field that the message names: in the mapping of its connection, or in the sender.',
  },
  MESH_HANDLER_INVALID: {
    meaning: 'A Nest application cannot be served as its handlers are decorated, or as its strategy is set up.',
    cure: 'Mend the decorator or the option that the message names, and start the app again.',
  },
  MESH_HOST_NOT_ALONE: {
    meaning: 'Two hosts were to run on one mesh, and do not share one database.',
    cure: 'Give all hosts the same PostgreSQL database (`store.host` in mesh.yaml), or run one host.',
  },
  MESH_ID_EMPTY: {
    meaning: 'A tenant, connection, entity or record id is empty.',
    cure: 'Give it at least one character; look at the mapping that names the id.',
  },
  MESH_ID_TOO_LONG: {
    meaning: 'A tenant, connection or record id makes a subject longer than the mesh can carry.',
    cure: 'Use an id whose escaped form has at most 255 bytes, and 744 with its tenant and connection.',
  },
  MESH_ID_UNSUPPORTED: {
    meaning: 'An id holds characters that cannot be carried (an unpaired surrogate).',
    cure: 'Send the id as valid Unicode text.',
  },
  MESH_INTERNAL: {
    meaning: 'Something failed inside that should not have.',
    cure: 'Look into the log of the app for the same time; report it if it comes again.',
  },
  MESH_LEDGER_LOG_REPLACED: {
    meaning: 'The stream CRM_EVENTS was deleted and made anew while the ledger followed it.',
    cure: 'Nothing to do: the ledger begins again with the new stream.',
  },
  MESH_MAPPING_FILE_INVALID: {
    meaning: 'The mapping file that a connection names cannot be used.',
    cure: 'Mend the file; the message says where.',
  },
  MESH_MAPPING_INVALID: {
    meaning: 'A record of a CRM cannot be brought into the canonical model.',
    cure: 'Mend the mapping of its connection in mesh.yaml, or the record in the CRM; then redrive the dead letter.',
  },
  MESH_MEDIA_TYPE_UNSUPPORTED: {
    meaning: 'A webhook came in a format that its connection does not read.',
    cure: 'Let the sender send JSON; the message names the formats that are read.',
  },
  MESH_MESSAGE_INVALID: {
    meaning: 'The subject or a header of a message holds what NATS cannot carry.',
    cure: 'Build subjects with the functions of @crm-mesh/contract, which escape every token; keep line breaks out of headers.',
  },
  MESH_MESSAGE_TOO_LARGE: {
    meaning: 'A message is larger than the NATS server, or its stream, takes.',
    cure: 'Raise `nats.maxClaimBytes` of mesh.yaml (or `max_msg_size` of the stream), or send less.',
  },
  MESH_METHOD_NOT_ALLOWED: {
    meaning: 'The path exists, but not with this HTTP method.',
    cure: 'Webhooks are sent by POST.',
  },
  MESH_NATS_CONTEXT_INVALID: {
    meaning: 'A NATS context or credentials file cannot be used.',
    cure: 'Mend the file that the message names; `nats context ls` lists contexts, `nats context validate` checks one.',
  },
  MESH_NATS_FORBIDDEN: {
    meaning: 'The NATS user may not use a subject that the mesh needs.',
    cure: 'Grant its user the permission that the message names.',
  },
  MESH_NATS_NO_ANSWER: {
    meaning: 'Nobody answered a NATS request in time.',
    cure: 'Check that the app runs (`nats service ls`) and that the NATS server is up (`mesh doctor`).',
  },
  MESH_NATS_REFUSED: {
    meaning: 'The NATS server refused the user, password, token or credentials.',
    cure: "Check `nats` in mesh.yaml against the server's users.",
  },
  MESH_NATS_SERVER_MISSING: {
    meaning: 'No nats-server ≥ 2.12 was found, and none could be fetched.',
    cure:
      'Do one of these: put nats-server 2.12 or newer on PATH (https://github.com/nats-io/nats-server/releases); ' +
      'or set NATS_URL to a running server with JetStream; or install Go and start again.',
  },
  MESH_NATS_START_FAILED: {
    meaning: 'nats-server was started but did not come up.',
    cure: 'Read the log that the message names; `mesh doctor` checks disk, ports and version.',
  },
  MESH_NATS_STORE_BUSY: {
    meaning: 'Another mesh runs on the same store folder.',
    cure: 'Stop the other one, or run this one in a folder of its own.',
  },
  MESH_NATS_TOO_OLD: {
    meaning: 'The NATS server is older than 2.12.',
    cure: 'Upgrade nats-server to 2.12 or newer; `mesh up` without NATS_URL brings its own.',
  },
  MESH_NATS_UNAVAILABLE: {
    meaning: 'The NATS server cannot be reached, or JetStream is off.',
    cure: 'Start it (`mesh up`), or check `nats.url` in mesh.yaml and NATS_URL.',
  },
  MESH_NOTIFICATION_INVALID: {
    meaning: 'A webhook is well signed, but its body is not what its source reads.',
    cure: 'Look at the place that the message names; `mesh source verify` tells the same of a recorded request.',
  },
  MESH_NOT_RUNNING: {
    meaning: 'No mesh runs in the data folder that was named.',
    cure: 'Start one there with `mesh up`, or say where it is: --server, --context, NATS_URL or --data-dir.',
  },
  MESH_OUTBOX_FULL: {
    meaning: 'JetStream does not take notifications, and the outbox that keeps them meanwhile is full.',
    cure: 'Bring JetStream back; raise `outbox.maxMessages` and `outbox.maxBytes` in mesh.yaml where the disk has room.',
  },
  MESH_PATCH_INVALID: {
    meaning: 'A patch file cannot be used, or what it makes of a dead letter is not what may be redriven.',
    cure: 'Mend what the message names; `mesh dead patch` shows what the file does to a sample, and sends nothing.',
  },
  MESH_PLUGIN_INVALID: {
    meaning: 'A plugin file cannot be loaded as it stands. The others run on.',
    cure: 'Mend the field that the message names; the file is picked up as soon as it is saved.',
  },
  MESH_PLUGIN_SETUP_FAILED: {
    meaning: "A plugin's setup() failed or took too long. The others run on.",
    cure: 'Mend what the message names (often: start what the plugin connects to); it is tried again by itself.',
  },
  MESH_PLUGIN_STOPPED: {
    meaning: 'What was asked for needs a plugin that runs, and this one does not.',
    cure: 'See why with `mesh plugin list`, and mend it; a paused plugin counts as one that runs.',
  },
  MESH_PLUGIN_UNKNOWN: {
    meaning: 'No plugin of that name is in the plugin folders.',
    cure: 'Choose one of those that `mesh plugin list` shows.',
  },
  MESH_RECEIPT_INVALID: {
    meaning: 'What a handler or its transaction gave back to be kept is no JSON, or too large.',
    cure: 'Give back what names the effect (an id, a number), at most 16 KiB of JSON; for more, keep a reference to it.',
  },
  MESH_RECONCILE_FAILED: {
    meaning: 'A consumer could not say what it holds downstream.',
    cure: 'Mend what the message names: in the `reconcile` of the plugin, or in the system behind it; then ask again.',
  },
  MESH_RECONCILE_INVALID: {
    meaning: "A question of a reconciliation, or a consumer's answer to one, is not what it should be.",
    cure: 'Mend what the message names: docs/reconciliation.md says what a consumer answers.',
  },
  MESH_RECORDED_REQUEST_INVALID: {
    meaning: 'A recorded request cannot be read.',
    cure: 'Record it as JSON ({method, url, headers, body or bodyBase64, receivedAt}) or as a raw HTTP message.',
  },
  MESH_RECORD_AMBIGUOUS: {
    meaning: 'Several connections know a record of this entity and id.',
    cure: 'Name it whole: tenant/connection/entity/id, one of those that the message names.',
  },
  MESH_RECORD_UNKNOWN: {
    meaning: 'The mesh knows nothing of a record of this name.',
    cure: 'Compare tenant, connection, entity and id with what `mesh source status` and the CRM show; ids are the CRM’s own. `mesh events tail --from 1 --type deal.*` lists some that are known.',
  },
  MESH_REPLAY_UNKNOWN: {
    meaning: 'A replay that was to go on is not known, or cannot go on.',
    cure: 'Look at `nats stream view CRM_AUDIT --subject "audit.replay.*"`, or begin a new one: `mesh replay <plugin> --from …`.',
  },
  MESH_REQUEST_MALFORMED: {
    meaning: 'What came to the HTTP door is no whole HTTP request, or not one that can be read.',
    cure: 'Send HTTP/1.1 with a Host header and the whole body, without delay; look at what a proxy in between makes of it.',
  },
  MESH_ROUTE_UNKNOWN: {
    meaning: 'No such path on this server.',
    cure: 'Webhooks go to `/webhooks/<tenant>/<connection>`.',
  },
  MESH_SINK_UNAVAILABLE: {
    meaning: "A plugin's own database (its `sink`) cannot be opened.",
    cure: "Check the address in the plugin's part of mesh.yaml, that the database runs, and what its user may do.",
  },
  MESH_SOURCE_INVALID: {
    meaning: 'A source file cannot be loaded as it stands. Connections of other sources are served.',
    cure: 'Mend the field that the message names; the file is picked up as soon as it is saved.',
  },
  MESH_STORE_UNAVAILABLE: {
    meaning: "The app's database cannot be opened or migrated.",
    cure: 'Check the address under `store` in mesh.yaml, the rights on the folder, and the free disk space.',
  },
  MESH_STREAM_MISSING: {
    meaning: 'A stream of the mesh does not exist.',
    cure: 'Start the publisher or host, which creates it; `nats stream ls` lists those that exist.',
  },
  MESH_STREAM_REFUSED: {
    meaning: 'The NATS server refused what the mesh asked of a stream or consumer.',
    cure: 'Remove what stands in the way (the message quotes the server); one NATS account holds one mesh.',
  },
  MESH_USAGE: {
    meaning: 'A command was given something that it cannot understand.',
    cure: "See the command's --help.",
  },
  MESH_WEBHOOK_FORBIDDEN: {
    meaning: 'A webhook was proved, but names no origin from which its connection takes any.',
    cure: 'Add the sender’s origin to `allowedOrigins` of the connection, or set `requireOrigin: false`.',
  },
  MESH_WEBHOOK_REFUSED: {
    meaning: 'A webhook request could not be proved to come from the CRM.',
    cure: 'Record the request and ask `mesh source verify --request FILE`: it says why.',
  },
  MESH_WEBHOOK_TOO_LARGE: {
    meaning: 'A webhook request is larger than the mesh takes.',
    cure: 'Send fewer items in one request, or raise `http.maxBodyBytes` in mesh.yaml.',
  },
  MESH_WEBHOOK_TOO_MANY: {
    meaning: 'A connection sends more requests than its rate limit allows.',
    cure: 'Send again after the time that `Retry-After` names, or raise `http.rateLimit` in mesh.yaml.',
  },
} as const satisfies Record<string, { meaning: string; cure: string }>;

/** A code of {@link MESH_ERRORS}; codes are kept, so that scripts and alarms can rely on them. */
export type MeshErrorCode = keyof typeof MESH_ERRORS;

/** An error with a code of the table above; its message says what, where and how to mend it. */
export class MeshError extends Error {
  override readonly name = 'MeshError';

  constructor(
    /** Which error of the table it is. */
    readonly code: MeshErrorCode,
    /** What happened, and where (file, field, id); no personal data, no secret. */
    readonly what: string,
    options?: ErrorOptions & { cure?: string },
  ) {
    super(`${code}: ${what} ${options?.cure ?? MESH_ERRORS[code].cure}`, options);
    this.cure = options?.cure ?? MESH_ERRORS[code].cure;
  }

  /** How to mend it: that of the table, unless one was given that knows the case better. */
  readonly cure: string;
}
