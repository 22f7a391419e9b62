import { expect } from 'chai';
import { ABSENT_PEERS, PEERS, type RunningPeer } from '../../test/support/http2-peers.js';
import { temporaryFolders } from '../../test/support/temporary-folder.js';
import { oneTransport, originOf } from '../../test/support/transports.js';

/** A Go program is compiled, and its standard library with it the first time. */
const START_WITHIN_MS = 300_000;
/** None, a frame, more than a frame, more than the window of a stream. */
const BODY_BYTES = [0, 1, 1_000, 16_385, 200_000];

const absent =
  ABSENT_PEERS.length === 0 ? '' : `, but not ${ABSENT_PEERS.join(', ')}: not installed`;

oneTransport('own', `with servers by other hands${absent}`, (lines) => {
  const { transport } = lines();
  const folder = temporaryFolders();

  for (const peer of PEERS) {
    context(peer.name, function () {
      this.timeout(START_WITHIN_MS);
      let running: RunningPeer | undefined;
      afterEach(() => running?.stop());

      it('has every body come back, also when many are under way and connections are renewed', async () => {
        running = await peer.start(await folder());
        const origin = await originOf(running.url);
        const made = transport({ closeTimeoutMs: 5_000 });
        for (let round = 0; round < 3; round += 1) {
          const shared = { 'x-echo': `round-${round}`, 'x-long': 'v'.repeat(300 * round) };
          const replies = Array.from({ length: 200 }, async (_, index) => {
            const text = `${round}/${index} `.repeat(200_000 / 5).slice(0, BODY_BYTES[index % 5]);
            const { status, body } = await made.request(origin, {
              path: `/echo/${index}`,
              headers: shared,
              body: index % 2 === 0 ? text : Buffer.from(text),
            });
            expect(status).to.equal(200);
            expect(body.equals(Buffer.from(text)), `${text.length} bytes`).to.equal(true);
          });
          await Promise.all(replies);
          made.renew(origin);
        }
      });
    });
  }
});
