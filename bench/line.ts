/** What parts that look at single pushes measure: one gateway, and a sink that notes each arrival. */
import { join } from 'node:path';
import { setUpApp } from './backend.js';
import { buildGateway, type GatewayProcess, startGatewayProcess } from './gateway-process.js';
import { type NodeSink, startNodeSink } from './node-sink.js';
import { type Bench, temporaryFolder } from './part.js';
import { makeSinkCertificate } from './sink.js';

export interface Line {
  readonly gateway: GatewayProcess;
  readonly sink: NodeSink;
  /** Of an app whose vendor is the sink. */
  readonly key: string;
}

export const startLine = async ({ closing, options: { profileDir } }: Bench): Promise<Line> => {
  const folder = await temporaryFolder(closing);
  await buildGateway();
  const sink = await startNodeSink(await makeSinkCertificate(), { record: true });
  await closing.add('the sink', sink.stop);
  const gateway = await startGatewayProcess(
    { dataDir: join(folder, 'data'), ...(profileDir == null ? {} : { profileDir }) },
    closing,
  );
  return { gateway, sink, key: await setUpApp(gateway, sink) };
};
