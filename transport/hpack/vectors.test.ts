/** Stories of other encoders (vectors/README.md). */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { HpackDecoder } from './decoder.js';
import { HpackEncoder } from './encoder.js';
import type { HeaderField } from './header-field.js';

interface Story {
  readonly cases: readonly {
    readonly wire: string;
    readonly header_table_size?: number;
    readonly headers: readonly Readonly<Record<string, string>>[];
  }[];
}

const FOLDER = new URL('vectors/', import.meta.url);
const OPTIONS = { maxTableBytes: 4096, maxListBytes: 65_536 };

const encoders = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const storiesOf = (encoder: string): string[] =>
  readdirSync(new URL(`${encoder}/`, FOLDER)).map((file) => `${encoder}/${file}`);

const read = (story: string): Story =>
  JSON.parse(readFileSync(new URL(story, FOLDER), 'utf8')) as Story;

const listOf = (headers: Story['cases'][number]['headers']): HeaderField[] =>
  headers.flatMap((header) => Object.entries(header));

describe('the stories of other encoders', () => {
  it('are there', () => {
    expect(encoders).to.have.members(['nghttp2', 'nghttp2-change-table-size', 'node-http2-hpack']);
    expect(encoders.flatMap(storiesOf)).to.have.length(11);
  });

  for (const story of encoders.flatMap(storiesOf)) {
    it(`are decoded: ${story}`, () => {
      const decoder = new HpackDecoder(OPTIONS);
      for (const { wire, headers } of read(story).cases) {
        expect(decoder.decode(Buffer.from(wire, 'hex'))).to.deep.equal(listOf(headers));
      }
    });

    it(`are encoded, never longer than the lists, and decoded again: ${story}`, () => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder(OPTIONS);
      for (const { headers, header_table_size: tableBytes } of read(story).cases) {
        if (tableBytes !== undefined) encoder.setMaxTableBytes(tableBytes);
        const list = listOf(headers);
        const block = encoder.encode(
          list.map(([name, value]) => ({ name, value, indexing: 'index' })),
        );
        expect(block.length).to.be.below(list.flat().join('').length);
        expect(decoder.decode(block)).to.deep.equal(list);
      }
    });
  }
});
