/** A gateway that finds its devices in the database, and a sink for them. */
import { join } from 'node:path';
import { type Api, apiClient } from '../demo/api-client.js';
import { formatCount } from '../demo/report-table.js';
import { importDevices, setUpApp } from './backend.js';
import type { BenchDevice } from './devices.js';
import { buildGateway, type GatewayProcess, startGatewayProcess } from './gateway-process.js';
import { mongodVersion } from './machine.js';
import type { BenchVendor } from './options.js';
import { type Bench, temporaryFolder } from './part.js';
import { readPeakRssMb, resetPeakRss } from './process-figures.js';
import type { Sink } from './sink.js';
import { startSink } from './start-sink.js';

export interface FilledGateway {
  readonly gateway: GatewayProcess;
  readonly sink: Sink;
  readonly api: Api;
  /** Lines a second. */
  readonly importRate: number;
  readonly importPeakMb: number;
  /** What runs it, for the output. */
  readonly setting: string;
}

export interface Filling {
  readonly devices: number;
  readonly vendor: BenchVendor;
  readonly deviceOf: (index: number) => BenchDevice;
}

/** Fills the database by a gateway of its own: what an import leaves in memory would hide what a task needs. */
export const startFilledGateway = async (
  { options, closing, say }: Bench,
  { devices, vendor, deviceOf }: Filling,
): Promise<FilledGateway> => {
  const { profileDir } = options;
  const folder = await temporaryFolder(closing);
  await buildGateway();
  // nginx answers before it has read a large body, which is no vendor's way.
  const sink = await startSink(vendor === 'harmony' ? 'node' : options.sink, folder, closing);
  say(`Sink: ${sink.name}`);
  const dataDir = join(folder, 'data');

  const first = await startGatewayProcess({ dataDir }, closing);
  const key = await setUpApp(first, sink, { vendor });
  await resetPeakRss(first.pid);
  const importRate = await importDevices({ url: first.url, key }, devices, deviceOf);
  const importPeakMb = await readPeakRssMb(first.pid);
  say(`Imported ${formatCount(devices)} devices, ${formatCount(Math.round(importRate))} lines/s`);
  await first.stop();

  const gateway = await startGatewayProcess(
    { dataDir, ...(profileDir == null ? {} : { profileDir }) },
    closing,
  );
  const profiled = profileDir == null ? '' : '; profiled, so slower than it is';
  const mongod = `mongod ${await mongodVersion(gateway.mongodPid)}`;
  return {
    gateway,
    sink,
    api: apiClient(gateway.url, key),
    importRate,
    importPeakMb,
    setting: `sink ${sink.name} on loopback; ${mongod} embedded, a row for each device${profiled}`,
  };
};
