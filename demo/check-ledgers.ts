/** Holds each report against its rows, and all reports against what the simulators counted themselves. */
import type { Simulators } from '../simulators/index.js';
import type { Api } from './api-client.js';
import { compareAccepted, ledgerFaults, type Row } from './ledger.js';
import { alignTable } from './report-table.js';
import type { SentTask } from './send-tasks.js';

export type AcceptedCounts = Readonly<Record<string, number>>;

export const acceptedSoFar = ({ fcm, apns, harmony }: Simulators): AcceptedCounts => ({
  fcm: fcm.counts().accepted,
  apns: apns.counts().accepted,
  harmony: harmony.counts().accepted,
});

const rowsOf = async (api: Api, task: string): Promise<Row[]> => {
  const text = await api.getText(`/v1/tasks/${task}/deliveries?format=ndjson`);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
};

const checkLedgers = async (
  api: Api,
  sent: readonly SentTask[],
  say: (line: string) => void,
): Promise<boolean> => {
  let allBalance = true;
  for (const { title, task } of sent) {
    const faults = ledgerFaults(task, await rowsOf(api, task.id));
    say(
      `Ledger of ${title}: ${faults.length === 0 ? 'balances, one row for each device' : 'WRONG'}`,
    );
    for (const fault of faults) say(`  ${fault}`);
    allBalance &&= faults.length === 0;
  }
  return allBalance;
};

const compare = (
  sent: readonly SentTask[],
  before: AcceptedCounts,
  simulators: Simulators,
  say: (line: string) => void,
): boolean => {
  const counted = Object.entries(acceptedSoFar(simulators)).map(
    ([vendor, count]) => [vendor, count - (before[vendor] ?? 0)] as const,
  );
  const rows = compareAccepted(
    sent.map(({ task }) => task),
    Object.fromEntries(counted),
  );
  const isEqual = rows.every(({ reported, counted: own }) => reported === own);
  const table = alignTable([
    ['', 'accepted by our reports', 'accepted by their own count', ''],
    ...rows.map(({ vendor, reported, counted: own }) => [
      vendor,
      reported,
      own,
      reported === own ? 'equal' : 'DIFFERENT',
    ]),
  ]);
  for (const line of table) say(line);
  return isEqual;
};

/** Whether every ledger balances and the counts are equal. `before`: what the simulators had accepted already. */
export const checkAll = async (
  api: Api,
  sent: readonly SentTask[],
  { before, simulators }: { before: AcceptedCounts; simulators: Simulators },
  say: (line: string) => void,
): Promise<boolean> => {
  const balance = await checkLedgers(api, sent, say);
  say('');
  const isEqual = compare(sent, before, simulators, say);
  return balance && isEqual;
};
