/** Finds the vendors: every folder beside this file is one. */
import { readdirSync } from 'node:fs';
import type { Vendor } from './adapter.js';

/** Names of all vendors, read synchronously so that a test can list them before it loads one. */
export const vendorNames: readonly string[] = readdirSync(import.meta.dirname, {
  withFileTypes: true,
})
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

export const loadVendor = async (name: string): Promise<Vendor> => {
  const module = (await import(`./${name}/index.js`)) as { default: Vendor };
  return module.default;
};

/** All vendors by name. */
export const loadVendors = async (): Promise<ReadonlyMap<string, Vendor>> =>
  new Map(
    await Promise.all(vendorNames.map(async (name) => [name, await loadVendor(name)] as const)),
  );
