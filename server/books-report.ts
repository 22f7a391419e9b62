/** What a check of the books tells, a line for each finding and one at the end. Pure. */
import { type Finding, some } from '../jobs/books/finding.js';

export interface BooksTotals {
  readonly tasks: number;
  readonly batches: number;
  readonly rows: number;
  readonly elapsedMs: number;
}

const placeOf = ({ app, task, where }: Finding): string =>
  [
    ...(task == null ? [] : [app == null ? `task ${task}` : `task ${task} of ${app}`]),
    ...(where == null ? [] : [where]),
  ].join(', ') || 'the gateway';

const followUp = ({ level, mended, mendable }: Finding, fix: boolean): string => {
  if (mended != null) return `MENDED: ${mended}.`;
  if (level === 'notice') return '';
  if (!mendable) return 'Not mended: this is for a person to decide.';
  return fix
    ? 'Not mended: what is needed for it is missing, or has changed meanwhile.'
    : 'Not mended: --fix does it.';
};

export const findingLine = (finding: Finding, { fix }: { fix: boolean }): string => {
  const label = finding.level === 'wrong' ? 'WRONG ' : 'NOTICE';
  const words = [`${finding.what}.`, `${finding.means}.`, followUp(finding, fix)];
  const text = words.filter((part) => part !== '').join(' ');
  return `${label} ${placeOf(finding)} [${finding.kind}]: ${text}`;
};

/** Those that somebody still has to do something about. */
export const leftOf = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ level, mended }) => level === 'wrong' && mended == null);

export const summaryLine = (findings: readonly Finding[], totals: BooksTotals): string => {
  const looked = [
    some(totals.tasks, 'task'),
    some(totals.batches, 'batch', 'batches'),
    some(totals.rows, 'row'),
  ].join(', ');
  const wrong = findings.filter(({ level }) => level === 'wrong').length;
  const left = leftOf(findings).length;
  const seconds = (totals.elapsedMs / 1_000).toFixed(1);
  const checked = `Looked at ${looked} in ${seconds} s`;
  return wrong === 0
    ? `The books balance. ${checked}.`
    : `${some(wrong, 'finding')}: ${wrong - left} mended, ${left} left. ${checked}.`;
};
