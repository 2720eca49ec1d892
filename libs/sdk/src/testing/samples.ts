import type { CustomRecord, KnownEntity, RecordOf } from '@crm-mesh/contract';

const CREATED = { ownerId: 'owner-1', createdAt: '2026-01-05T08:00:00.000Z', modifiedAt: '2026-01-15T09:30:00.000Z' };
const LINE = {
  id: 'line-1',
  name: 'Support plan',
  quantity: '12',
  unitPrice: { value: '100.00', currency: 'EUR' },
  total: { value: '1200.00', currency: 'EUR' },
};
const TOTAL = { value: '1200.00', currency: 'EUR' };

/** One believable record of each kind. */
export const SAMPLES: { readonly [E in KnownEntity]: Omit<RecordOf<E>, 'id'> } = {
  contact: {
    ...CREATED,
    firstName: 'Ada',
    lastName: 'Example',
    email: 'ada@example.com',
    lifecycleStage: 'customer',
    companyId: '501',
  },
  company: { ...CREATED, name: 'Example Ltd', domain: 'example.com', employeeCount: 40 },
  lead: { ...CREATED, name: 'Ada Example', companyName: 'Example Ltd', status: 'new', converted: false },
  deal: {
    ...CREATED,
    name: 'Support plan',
    amount: TOTAL,
    status: 'open',
    stage: 'qualified',
    stageName: 'Qualified',
    pipeline: 'default',
    probability: 0.4,
    closeDate: '2026-02-28',
    companyId: '501',
    contactIds: ['101'],
    lines: [LINE],
  },
  product: {
    ...CREATED,
    name: 'Support plan',
    sku: 'SUP-12',
    price: { value: '100.00', currency: 'EUR' },
    active: true,
  },
  order: {
    ...CREATED,
    number: 'O-1001',
    status: 'open',
    total: TOTAL,
    orderedAt: '2026-01-15',
    dealId: '301',
    companyId: '501',
    contactIds: ['101'],
    lines: [LINE],
  },
  invoice: {
    ...CREATED,
    number: 'I-1001',
    status: 'open',
    total: TOTAL,
    balanceDue: TOTAL,
    issuedAt: '2026-01-15',
    dealId: '301',
    companyId: '501',
    lines: [LINE],
  },
  payment: {
    ...CREATED,
    amount: TOTAL,
    status: 'succeeded',
    method: 'transfer',
    paidAt: '2026-01-15',
    invoiceId: '601',
    companyId: '501',
  },
};

export const CUSTOM_SAMPLE: Omit<CustomRecord, 'id'> = { ...CREATED, name: 'Sample', custom: {} };
