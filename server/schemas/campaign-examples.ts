/** Examples of campaigns, as the documentation shows them. */

export const EXAMPLE_CONTENT = {
  task: {
    audience: { where: 'vip & platform = ios' },
    message: { title: 'News of the week', body: 'What is new in the shop', purpose: 'marketing' },
    lane: 'campaign',
    ifUnsure: 'resend',
  },
  schedule: {
    rrule: 'FREQ=WEEKLY;BYDAY=MO',
    timeZone: 'Europe/Berlin',
    start: '2027-01-04T09:00',
    except: ['2027-03-29'],
  },
  missed: 'skip',
};

export const EXAMPLE_CAMPAIGN = { name: 'News of the week', ...EXAMPLE_CONTENT };

const CREATED_AT = '2026-11-22T10:00:00.000Z';

export const EXAMPLE_DRAFT = {
  id: '6921a1b2c3d4e5f607182932',
  name: 'News of the week',
  state: 'draft',
  version: 1,
  createdBy: '6a1f0c2b9d3e4f5a6b',
  timings: { createdAt: CREATED_AT, updatedAt: CREATED_AT },
};

export const EXAMPLE_RUNNING = {
  ...EXAMPLE_DRAFT,
  state: 'running',
  approvedVersion: 1,
  approvedBy: '7b2a1d3c0e4f5b6c7d',
  nextAt: '2027-01-11T08:00:00.000Z',
  timings: {
    ...EXAMPLE_DRAFT.timings,
    approvedAt: '2026-11-22T10:05:00.000Z',
    lastRunAt: '2027-01-04T08:00:01.000Z',
  },
};

export const EXAMPLE_NEXT = {
  version: 1,
  items: [
    { at: '2027-03-22T08:00:00.000Z', local: '2027-03-22T09:00+01:00' },
    { at: '2027-04-05T07:00:00.000Z', local: '2027-04-05T09:00+02:00' },
  ],
};

export const EXAMPLE_ENTRIES = [
  {
    id: '6921a1b2c3d4e5f607182a01',
    account: 'customer-1043',
    state: 'waiting',
    startedAt: '2027-01-04T08:40:00.000Z',
    dueAt: '2027-01-04T09:40:00.000Z',
    data: { items: '1', total: '12.00 €' },
  },
  {
    id: '6921a1b2c3d4e5f607182a00',
    account: 'customer-1042',
    state: 'sent',
    startedAt: '2027-01-04T08:00:00.000Z',
    dueAt: '2027-01-04T09:00:00.000Z',
    data: { items: '3', total: '59.90 €' },
    task: '4c406b028fa0f56299b70ab8',
    version: 1,
    endedAt: '2027-01-04T09:00:01.000Z',
  },
];
