/** Why two sides differ on a record, as far as the mesh can tell. */
export const LABELS = {
  'in-flight': 'on its way: the consumer, or the normaliser, has not come to it yet',
  parked: 'waits in a parked lane of the plugin',
  'dead-lettered': 'lies among the dead letters',
  'filtered-out': 'the plugin does not listen to what happened to it, or began later',
  'acked-not-applied': 'the plugin has settled its event, and does not hold what it said',
  'edited-downstream': 'somebody else has changed it downstream',
  'deleted-downstream': 'it was there, and somebody else has deleted it downstream',
  'created-downstream': 'the mesh never told of it: somebody else has made it downstream',
  'duplicate-downstream': 'it lies downstream more than once',
  'never-delivered': 'the CRM never told of the change',
  'mapping-changed': 'the mapping was changed since it was told',
} as const;
export type Label = keyof typeof LABELS;

/** What a run with repairs does with each; of what is named, only a person can know what is right. */
export const TREATMENTS: Readonly<Record<Label, string>> = {
  'in-flight': 'left',
  parked: 'waits for a person',
  'dead-lettered': 'waits for a person',
  'filtered-out': 'left',
  'acked-not-applied': 'repaired',
  'edited-downstream': 'repaired',
  'deleted-downstream': 'repaired',
  'created-downstream': 'repaired where an event has told of its end, else only named',
  'duplicate-downstream': 'only named',
  'never-delivered': 'repaired',
  'mapping-changed': 'repaired',
};

/** These pass by themselves, or are as they should be: nothing is repaired, and they count as no difference. */
export const HARMLESS = listTreated('left');
/** These wait for a person: repairing them would hide what is wrong. */
export const WAITING = listTreated('waits for a person');

function listTreated(treatment: string): ReadonlySet<Label> {
  return new Set((Object.keys(TREATMENTS) as Label[]).filter((label) => TREATMENTS[label] === treatment));
}
