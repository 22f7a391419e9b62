import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Registry } from 'prom-client';
import { createMetrics } from '../jobs/metrics.js';
import { httpMetrics } from '../server/middleware/http-metrics.js';

interface Row {
  name: string;
  type: string;
  labels: string[];
}

const documented = (): Row[] =>
  readFileSync(new URL('../docs/metrics.md', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, name = '', type = '', labels = '']) => ({
      name: name.replaceAll('`', ''),
      type,
      labels: [...labels.matchAll(/`([^`]+)`/g)].map(([, label]) => label!).sort(),
    }));

const existing = (): Row[] => {
  const registry = new Registry();
  createMetrics(registry, { depth: async () => [] });
  httpMetrics(registry);
  return registry
    .getMetricsAsArray()
    .map((metric) => metric as unknown as { name: string; type: string; labelNames: string[] })
    .filter(({ name }) => name.startsWith('pigeonpost_'))
    .map(({ name, type, labelNames }) => ({
      name,
      type,
      labels: labelNames.filter((label) => label !== 'le').sort(),
    }));
};

const byName = (rows: Row[]): Row[] => rows.sort((a, b) => a.name.localeCompare(b.name));

describe('docs/metrics.md', () => {
  it('lists exactly the metrics that exist, with their types and labels', () => {
    expect(byName(documented())).to.deep.equal(byName(existing()));
  });

  it('lists names once', () => {
    const names = documented().map(({ name }) => name);
    expect(names).to.have.length.above(5);
    expect(new Set(names)).to.have.property('size', names.length);
  });
});
