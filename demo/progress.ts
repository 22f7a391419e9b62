/** Shows how far a task is: a bar that redraws itself on a terminal, now and then a line elsewhere. */

import { formatCount } from './report-table.js';
import type { Counts } from './task-answer.js';

const TITLE_CELLS = 24;
const BAR_CELLS = 30;
/** On a terminal a redraw; in a file or a CI log a new line. */
const REDRAW_EVERY_MS = 100;
const LINE_EVERY_MS = 2_000;
const ERASE_LINE = '\r\x1b[2K';

/** Pure: what one look at a task says. Nobody is targeted before planning has begun. */
export const progressText = (title: string, { targeted, pending }: Counts): string => {
  if (targeted === 0) return `${title.padEnd(TITLE_CELLS)} planning`;
  const through = targeted - pending;
  const share = through / targeted;
  const filled = Math.floor(share * BAR_CELLS);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
  return `${title.padEnd(TITLE_CELLS)} ${bar} ${formatCount(through)} of ${formatCount(targeted)}`;
};

export interface Progress {
  show(title: string, counts: Counts): void;
  /** The last word on this task: it stays. */
  finish(title: string, counts: Counts): void;
}

export const progressOn = (
  stream: NodeJS.WriteStream,
  now: () => number = () => performance.now(),
): Progress => {
  let shownAt = -Infinity;
  const everyMs = stream.isTTY ? REDRAW_EVERY_MS : LINE_EVERY_MS;
  const write = (text: string): void => {
    stream.write(stream.isTTY ? `${ERASE_LINE}${text}` : `${text}\n`);
  };
  return {
    show(title, counts) {
      if (now() - shownAt < everyMs) return;
      shownAt = now();
      write(progressText(title, counts));
    },
    finish(title, counts) {
      shownAt = -Infinity;
      write(progressText(title, counts));
      if (stream.isTTY) stream.write('\n');
    },
  };
};
