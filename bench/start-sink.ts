/** Starts the vendor's stand-in: nginx where it is installed, else node:http2. */
import type { Closing } from '../server/closing.js';
import { nginxVersion, startNginxSink } from './nginx-sink.js';
import { startNodeSink } from './node-sink.js';
import type { SinkKind } from './options.js';
import { makeSinkCertificate, type RecordingSink, type Sink } from './sink.js';

/** Rejects when nginx is asked for and not installed. */
const start = async (
  wanted: SinkKind | undefined,
  folder: string,
  closing: Closing,
  options: { readonly record: boolean },
): Promise<RecordingSink> => {
  const version = wanted === 'node' ? undefined : await nginxVersion();
  if (wanted === 'nginx' && version == null) throw new Error('nginx is not installed');
  const certificate = await makeSinkCertificate();
  const sink =
    version == null
      ? await startNodeSink(certificate, options)
      : await startNginxSink(certificate, folder, version, options);
  await closing.add('the sink', sink.stop);
  return sink;
};

export const startSink = (
  wanted: SinkKind | undefined,
  folder: string,
  closing: Closing,
): Promise<Sink> => start(wanted, folder, closing, { record: false });

/** One that notes each arrival. nginx does it for little; node:http2 is busy for longer than what is measured. */
export const startRecordingSink = (
  wanted: SinkKind | undefined,
  folder: string,
  closing: Closing,
): Promise<RecordingSink> => start(wanted, folder, closing, { record: true });
