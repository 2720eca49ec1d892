import type { SObject, Value } from '../schema/field.js';
import { SALES_STAGES } from '../schema/stages.js';
import { showUser, USERS } from '../schema/users.js';
import { makeId } from '../ids.js';

/** Rows of what an admin sets up: people, stages, the org itself. */
export function listSetUpRows(object: SObject, organizationId: string): Record<string, Value>[] {
  if (object.name === 'User') return USERS.map(describeUser);
  if (object.name === 'OpportunityStage')
    return SALES_STAGES.map((stage, index) => describeStage(object, stage, index));
  return [{ Id: organizationId, Name: 'Kestrel Supply', InstanceName: 'SBX1', IsSandbox: true }];
}

function describeUser({ id, firstName, lastName, email }: (typeof USERS)[number]): Record<string, Value> {
  return {
    Id: showUser(id),
    FirstName: firstName,
    LastName: lastName,
    Name: `${firstName} ${lastName}`,
    Email: email,
    Username: email,
    IsActive: true,
  };
}

function describeStage(
  { prefix }: SObject,
  stage: (typeof SALES_STAGES)[number],
  index: number,
): Record<string, Value> {
  return {
    Id: makeId(prefix, String(index + 1)),
    MasterLabel: stage.apiName,
    ApiName: stage.apiName,
    IsClosed: stage.isClosed,
    IsWon: stage.isWon,
    DefaultProbability: stage.probability,
    ForecastCategory: stage.forecastCategory,
    ForecastCategoryName: stage.forecastCategoryName,
    SortOrder: index + 1,
    IsActive: true,
  };
}
