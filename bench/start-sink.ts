/** Starts the vendor's stand-in: nginx where it is installed, else node:http2. */
import type { Closing } from '../server/closing.js';
import { nginxVersion, startNginxSink } from './nginx-sink.js';
import { startNodeSink } from './node-sink.js';
import type { SinkKind } from './options.js';
import { makeSinkCertificate, type Sink } from './sink.js';

/** Rejects when nginx is asked for and not installed. */
export const startSink = async (
  wanted: SinkKind | undefined,
  folder: string,
  closing: Closing,
): Promise<Sink> => {
  const version = wanted === 'node' ? undefined : await nginxVersion();
  if (wanted === 'nginx' && version == null) throw new Error('nginx is not installed');
  const certificate = await makeSinkCertificate();
  const { stop, ...sink } =
    version == null
      ? await startNodeSink(certificate)
      : await startNginxSink(certificate, folder, version);
  await closing.add('the sink', stop);
  return sink;
};
