/** Draws bars as an SVG: for each the median, its spread and its value. Pure. */
import { rounded } from '../statistics.js';

export interface Bar {
  readonly label: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface BarGroup {
  readonly name: string;
  readonly bars: readonly Bar[];
}

export interface BarChart {
  readonly title: string;
  readonly unit: string;
  readonly groups: readonly BarGroup[];
  /** Where the figures are from: a line each. */
  readonly notes: readonly string[];
}

const WIDTH = 760;
const MARGIN = 16;
const LABEL_WIDTH = 220;
const VALUE_WIDTH = 90;
const BAR_HEIGHT = 18;
const ROW_HEIGHT = 26;
const LINE_HEIGHT = 16;
const TITLE_HEIGHT = 44;
const GROUP_HEIGHT = 30;
const PLOT_WIDTH = WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH;
const LEFT = MARGIN + LABEL_WIDTH;

/** Ours first; the others are what it is compared with. */
const FIRST = '#1f6feb';
const OTHERS = '#9aa4b2';
const INK = '#1f2328';
const FAINT = '#59636e';

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

interface Words {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly style?: string;
}

const words = ({ x, y, text, style = '' }: Words): string =>
  `<text x="${x}" y="${y}"${style === '' ? '' : ` ${style}`}>${escaped(text)}</text>`;

const drawBar = (
  bar: Bar,
  y: number,
  { scale, color }: { scale: number; color: string },
): string[] => {
  const at = (value: number): number => rounded(LEFT + value * scale, 4);
  const middle = y + BAR_HEIGHT / 2;
  const spread =
    bar.least === bar.most
      ? []
      : [
          `<path d="M${at(bar.least)} ${middle}H${at(bar.most)}M${at(bar.least)} ${middle - 4}v8M${at(bar.most)} ${middle - 4}v8" stroke="${INK}" fill="none"/>`,
        ];
  return [
    words({ x: LEFT - 8, y: middle + 4, text: bar.label, style: 'text-anchor="end"' }),
    `<rect x="${LEFT}" y="${y}" width="${rounded(bar.median * scale, 4)}" height="${BAR_HEIGHT}" fill="${color}"/>`,
    ...spread,
    words({
      x: at(Math.max(bar.median, bar.most)) + 8,
      y: middle + 4,
      text: rounded(bar.median).toLocaleString('en-US'),
      style: 'font-weight="600"',
    }),
  ];
};

export const barChart = ({ title, unit, groups, notes }: BarChart): string => {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map((bar) => bar.most)));
  if (!(most > 0)) throw new Error(`There is nothing to draw for ${title}`);
  const scale = PLOT_WIDTH / most;
  const lines = [
    words({
      x: MARGIN,
      y: 26,
      text: `${title}, ${unit}`,
      style: 'font-size="15" font-weight="600"',
    }),
  ];
  let y = TITLE_HEIGHT;
  for (const { name, bars } of groups) {
    lines.push(words({ x: MARGIN, y: y + 16, text: name, style: 'font-weight="600"' }));
    y += GROUP_HEIGHT;
    for (const [index, bar] of bars.entries()) {
      lines.push(...drawBar(bar, y, { scale, color: index === 0 ? FIRST : OTHERS }));
      y += ROW_HEIGHT;
    }
  }
  y += LINE_HEIGHT;
  for (const note of notes) {
    lines.push(words({ x: MARGIN, y, text: note, style: `font-size="11" fill="${FAINT}"` }));
    y += LINE_HEIGHT;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="${INK}">`,
    `<title>${escaped(title)}</title>`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    ...lines,
    '</svg>',
    '',
  ].join('\n');
};
