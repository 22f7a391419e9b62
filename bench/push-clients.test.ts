import { expect } from 'chai';
import { Closing } from '../server/closing.js';
import { contendersOf, SHAPES } from './contenders.js';
import { startNodeSink } from './node-sink.js';
import { runPushClient } from './push-client.js';
import { makeSinkCertificate, type RecordingSink } from './sink.js';

const PUSHES = 250;

describe('the contenders of the benchmark, each in a process of its own', function () {
  this.timeout(60_000);
  const closing = new Closing();
  let sink: RecordingSink;

  before(async () => {
    sink = await startNodeSink(await makeSinkCertificate(), { record: true });
    await closing.add('the sink', sink.stop);
  });
  after(() => closing.close(() => undefined));

  const pushed = async (): Promise<number> =>
    [...(await sink.arrivals()).values()].reduce((sum, { times }) => sum + times, 0);

  for (const shape of SHAPES) {
    for (const contender of contendersOf(shape, { gorush: false })) {
      it(`pushes ${shape}-like with ${contender} to each device that it is told, and says what it cost`, async () => {
        const before = await pushed();
        const news = await runPushClient(
          {
            contender,
            shape,
            url: sink.url,
            ca: sink.ca,
            pushes: PUSHES,
            warmUp: 0,
            inFlight: 50,
            streams: 50,
            connections: 1,
          },
          { closing },
        );
        expect(news.accepted).to.equal(PUSHES);
        expect(news.cpuMs).to.be.above(0);
        expect(news.peakMb).to.be.above(20);
        expect((await pushed()) - before).to.equal(PUSHES);
      });
    }
  }
});
