/** What parts that look at single pushes measure: one gateway, and a sink that notes each arrival. */
import { join } from 'node:path';
import { setUpApp } from './backend.js';
import { gatewayProcesses, type Processes } from './costs.js';
import { buildGateway, type GatewayProcess, startGatewayProcess } from './gateway-process.js';
import { type Bench, temporaryFolder } from './part.js';
import type { RecordingSink } from './sink.js';
import { startRecordingSink } from './start-sink.js';

export interface Line {
  readonly gateway: GatewayProcess;
  readonly sink: RecordingSink;
  readonly processes: Processes;
  /** Of an app whose vendor is the sink. */
  readonly key: string;
}

export const startLine = async ({ closing, options }: Bench): Promise<Line> => {
  const { profileDir } = options;
  const folder = await temporaryFolder(closing);
  await buildGateway();
  const sink = await startRecordingSink(options.sink, folder, closing);
  const gateway = await startGatewayProcess(
    { dataDir: join(folder, 'data'), ...(profileDir == null ? {} : { profileDir }) },
    closing,
  );
  const processes = gatewayProcesses(gateway, sink);
  return { gateway, sink, processes, key: await setUpApp(gateway, sink) };
};
