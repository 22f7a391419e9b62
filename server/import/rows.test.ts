import { expect } from 'chai';
import { ProblemError } from '../problems.js';
import type { Line } from './lines.js';
import { csvReader, ndjsonReader } from './rows.js';

const lines = (...texts: string[]): Line[] =>
  texts.map((text, index) => ({ number: index + 1, text }));

describe('Rows of CSV', () => {
  const read = (...texts: string[]) => csvReader()(lines(...texts));

  it('have the form of a registration; empty cells say nothing', () => {
    const header =
      'vendor,profile,token,installationId,account,tags,locale,timeZone,appVersion,' +
      'consent.push,consent.purposes.marketing,consent.policyVersion,consent.policyVersions.news,consent.source,consent.at';
    const full =
      'fcm,debug,t1,i1,ann,vip|beta;x,de-DE,Europe/Berlin,1.0,granted,denied,2026,3,web,2026-11-22';
    expect(read(header, full, 'fcm,,t2,,,,,,,,,,,,')).to.deep.equal([
      {
        line: 2,
        value: {
          vendor: 'fcm',
          profile: 'debug',
          token: 't1',
          installationId: 'i1',
          account: 'ann',
          tags: ['vip', 'beta', 'x'],
          locale: 'de-DE',
          timeZone: 'Europe/Berlin',
          appVersion: '1.0',
          consent: {
            push: 'granted',
            purposes: { marketing: 'denied' },
            policyVersion: '2026',
            policyVersions: { news: '3' },
            source: 'web',
            at: '2026-11-22',
          },
        },
      },
      { line: 3, value: { vendor: 'fcm', token: 't2' } },
    ]);
  });

  it('have attributes of the type that their cells look like', () => {
    const header = 'vendor,token,osVersion,brand,platform,attributes.a,attributes.b';
    const rowWith = (a: unknown, b?: unknown) => ({
      ...{ vendor: 'fcm', token: 't', osVersion: '17', brand: 'honor', platform: 'android' },
      attributes: b === undefined ? { a } : { a, b },
    });
    const prefix = 'fcm,t,17,honor,android';
    const rows = read(
      header,
      ...['12,-2.5', 'true,false', '007,1e5', '2026-01-01,', '"null",3.2.0'].map(
        (cells) => `${prefix},${cells}`,
      ),
    );
    expect(rows.map(({ value }) => value)).to.deep.equal([
      rowWith(12, -2.5),
      rowWith(true, false),
      rowWith('007', '1e5'),
      rowWith('2026-01-01'),
      rowWith('null', '3.2.0'),
    ]);
  });

  it('may be quoted, in any order of columns', () => {
    expect(read('"token", vendor ,account', '"t,1",fcm,"say ""hi"""')).to.deep.equal([
      { line: 2, value: { token: 't,1', vendor: 'fcm', account: 'say "hi"' } },
    ]);
  });

  it('are refused alone when quotes or cells are wrong', () => {
    const rows = read(
      'vendor,token',
      'fcm,t1',
      'fcm,"t2',
      'fcm,t3',
      'fcm',
      'fcm,t5,more',
      'fcm,t"6"',
      'fcm,"t7"x"y"',
      'fcm,t8',
    );
    expect(rows.map(({ line }) => line)).to.deep.equal([2, 3, 4, 5, 6, 7, 8, 9]);
    const good = rows.filter(({ fault }) => fault == null);
    expect(good.map(({ line }) => line)).to.deep.equal([2, 4, 9]);
    expect(rows[1]?.fault).to.match(/closed quotes/);
    expect(rows[3]?.fault).to.match(/2 cells/);
  });

  it('keep a header over several calls', () => {
    const reader = csvReader();
    expect(reader(lines('vendor,token'))).to.deep.equal([]);
    expect(reader([{ number: 9, text: 'fcm,t' }])).to.deep.equal([
      { line: 9, value: { vendor: 'fcm', token: 't' } },
    ]);
  });

  for (const [what, header] of [
    ['an unknown column', 'vendor,token,colour'],
    ['a column twice', 'vendor,token,vendor'],
    ['no token', 'vendor,account'],
    ['no vendor', 'token'],
    ['an open quote', 'vendor,"token'],
    ['an attribute that is no name', 'vendor,token,attributes.a.b'],
    ['a purpose that is no name', 'vendor,token,consent.purposes.__proto__'],
  ] as const) {
    it(`are refused as a whole when the header has ${what}`, () => {
      expect(() => read(header, 'a,b'))
        .to.throw(ProblemError)
        .with.property('code', 'VALIDATION_FAILED');
    });
  }
});

describe('Rows of NDJSON', () => {
  it('are what each line says, and a broken line is refused alone', () => {
    const rows = ndjsonReader()(lines('{"vendor":"fcm"}', '{"vendor":', '[1]'));
    expect(rows).to.deep.equal([
      { line: 1, value: { vendor: 'fcm' } },
      { line: 2, fault: 'Must be one JSON object' },
      { line: 3, value: [1] },
    ]);
  });
});
