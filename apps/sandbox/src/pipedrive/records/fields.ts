import type { ObjectType } from '../../crm/object-types.js';

export interface CustomField {
  key: string;
  name: string;
  type: 'varchar' | 'monetary' | 'enum' | 'set' | 'double' | 'date';
  options?: readonly { id: number; label: string }[];
}

/** The company's own fields, by their keys of 40 characters. */
export const CUSTOM_FIELDS: Readonly<Partial<Record<ObjectType, readonly CustomField[]>>> = {
  deals: [
    { key: '9f2c41d07be35a86c0d1e4f7a2b3958671c0ad4e', name: 'Kiln value', type: 'monetary' },
    {
      key: '1b7de0925f3c4a6881e9d2c7b60f43a5cc19e78d',
      name: 'Region',
      type: 'enum',
      options: [
        { id: 41, label: 'North' },
        { id: 42, label: 'South' },
      ],
    },
  ],
  contacts: [
    { key: '1b7de0925f3c4a6881e9d2c7b60f43a5cc19e78e', name: 'Department', type: 'varchar' },
    {
      key: '5de0925f3c4a6881e9d2c7b60f43a5cc19e78d00',
      name: 'Interests',
      type: 'set',
      options: [
        { id: 51, label: 'Kilns' },
        { id: 52, label: 'Glazes' },
      ],
    },
  ],
  companies: [{ key: '77aa0925f3c4a6881e9d2c7b60f43a5cc19e78d1', name: 'Furnaces', type: 'double' }],
};

const STANDARD: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  dealFields: {
    id: 'int',
    title: 'varchar',
    value: 'monetary',
    currency: 'varchar',
    status: 'status',
    stage_id: 'stage',
    pipeline_id: 'int',
    person_id: 'people',
    org_id: 'org',
    owner_id: 'user',
    probability: 'double',
    expected_close_date: 'date',
    lost_reason: 'varchar',
    label_ids: 'set',
    update_time: 'date',
  },
  personFields: {
    id: 'int',
    name: 'varchar',
    first_name: 'varchar',
    last_name: 'varchar',
    emails: 'varchar',
    phones: 'phone',
    org_id: 'org',
    owner_id: 'user',
  },
  organizationFields: { id: 'int', name: 'varchar', address: 'address', owner_id: 'user' },
  productFields: { id: 'int', name: 'varchar', code: 'varchar', description: 'text', prices: 'monetary' },
  activityFields: { id: 'int', subject: 'varchar', type: 'enum', done: 'boolean', due_date: 'date' },
};

const TYPES: Readonly<Record<string, ObjectType>> = {
  dealFields: 'deals',
  personFields: 'contacts',
  organizationFields: 'companies',
  productFields: 'products',
};

/** As `/api/v2/dealFields` and the like tell them. Undefined: there are no such fields. */
export function listFields(name: string): Record<string, unknown>[] | undefined {
  const standard = STANDARD[name];
  const type = TYPES[name];
  if (!standard) return undefined;
  const own = (type && CUSTOM_FIELDS[type]) ?? [];
  return [
    ...Object.entries(standard).map(([code, fieldType]) => describe({ code, name: code, fieldType, custom: false })),
    ...own.map((field) =>
      describe({ code: field.key, name: field.name, fieldType: field.type, custom: true, options: field.options }),
    ),
  ];
}

interface Field {
  code: string;
  name: string;
  fieldType: string;
  custom: boolean;
  options?: readonly { id: number; label: string }[];
}

function describe({ code, name, fieldType, custom, options }: Field): Record<string, unknown> {
  return {
    field_name: name,
    field_code: code,
    field_type: fieldType,
    is_custom_field: custom,
    is_optional_response_field: false,
    options: options ?? null,
  };
}
