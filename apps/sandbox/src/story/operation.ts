import type { ObjectType } from '../crm/object-types.js';

/** The story's own name of a record, `deals-3`: ids are known only when it is played. */
export type RecordName = string;

export type Properties = Readonly<Record<string, string>>;

/** What somebody does in the CRM's own pages. */
export type CrmOperation =
  | { do: 'create'; type: ObjectType; name: RecordName; properties: Properties; links: readonly RecordName[] }
  | { do: 'update'; name: RecordName; properties: Properties }
  | { do: 'associate'; from: RecordName; to: RecordName }
  | { do: 'archive' | 'restore' | 'erase'; name: RecordName }
  | { do: 'merge'; primary: RecordName; merged: RecordName };

/** What a scenario does beside that. */
export type ScenarioOperation =
  | CrmOperation
  /** Some of the webhooks so far are sent a second time. */
  | { do: 'repeat-webhooks'; count: number }
  | { do: 'fail-receiver'; count: number; status: number }
  /** Waits until the webhooks so far are through, and some time more, so that what follows is a change of its own. */
  | { do: 'next-day' };
