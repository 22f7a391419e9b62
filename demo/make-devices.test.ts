import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { IANAZone } from 'luxon';
import { apnsAnswerOf, fcmAnswerOf, harmonyAnswerOf } from '../simulators/tokens.js';
import { DEVICES_CSV, makeDevicesCsv } from './make-devices.js';

type Row = Record<string, string>;
const MEBIBYTE = 1024 * 1024;
const ANSWER_READERS: Readonly<Record<string, (token: string) => string | undefined>> = {
  fcm: fcmAnswerOf,
  apns: apnsAnswerOf,
  harmony: harmonyAnswerOf,
};

describe('examples/devices.csv', () => {
  const text = readFileSync(DEVICES_CSV, 'utf8');
  const rows = parse<Row>(text, { columns: true });
  const share = (holds: (row: Row) => boolean): number => rows.filter(holds).length / rows.length;
  const isDenied = (row: Row): boolean => row['consent.push'] === 'denied';
  const isNeverAsked = (row: Row): boolean => row['consent.push'] === '';
  const answerOf = ({ vendor = '', token = '' }: Row): string | undefined =>
    ANSWER_READERS[vendor]?.(token);

  it('is what the generator makes', () => {
    // Not deep.equal: a difference in megabytes helps nobody.
    expect(makeDevicesCsv() === text, 'run node --import tsx demo/make-devices.ts').to.equal(true);
    expect(text.length).to.be.below(3.5 * MEBIBYTE);
  });

  it('holds 10,000 devices with tokens and installations of their own', () => {
    expect(rows).to.have.length(10_000);
    expect(new Set(rows.map(({ token }) => token))).to.have.property('size', 10_000);
    expect(new Set(rows.map((row) => row.installationId))).to.have.property('size', 10_000);
  });

  it('spreads them over three vendors', () => {
    expect(share(({ vendor }) => vendor === 'fcm')).to.be.closeTo(0.45, 0.03);
    expect(share(({ vendor }) => vendor === 'apns')).to.be.closeTo(0.35, 0.03);
    expect(share(({ vendor }) => vendor === 'harmony')).to.be.closeTo(0.2, 0.03);
  });

  it('gives accounts one to four devices, of which some are at different vendors', () => {
    const vendorsByAccount = new Map<string, string[]>();
    for (const { account, vendor } of rows) {
      if (account)
        vendorsByAccount.set(account, [...(vendorsByAccount.get(account) ?? []), vendor!]);
    }
    const devices = [...vendorsByAccount.values()];
    expect([...new Set(devices.map(({ length }) => length))].sort()).to.deep.equal([1, 2, 3, 4]);
    expect(devices.filter((vendors) => new Set(vendors).size > 1).length).to.be.above(500);
  });

  it('leaves about 6 % without consent, denied or never asked, and about 15 % without marketing', () => {
    expect(share((row) => isDenied(row) || isNeverAsked(row))).to.be.closeTo(0.06, 0.01);
    expect(share(isDenied)).to.be.above(0.01);
    expect(share(isNeverAsked)).to.be.above(0.01);
    expect(share((row) => row['consent.purposes.marketing'] !== 'granted')).to.be.closeTo(
      0.15,
      0.02,
    );
    expect(rows.filter((row) => isNeverAsked(row) && row['consent.at'] !== '')).to.deep.equal([]);
  });

  it('has dead tokens at each vendor, and some that make FCM and APNs busy', () => {
    const answersAt = (name: string): string[] =>
      rows.filter(({ vendor }) => vendor === name).flatMap((row) => answerOf(row) ?? []);
    const isBusy = (answer: string): boolean => answer.endsWith('-once');
    for (const vendor of ['fcm', 'apns', 'harmony']) {
      const dead = answersAt(vendor).filter((answer) => !isBusy(answer));
      expect(dead, vendor).to.have.length.above(10);
    }
    for (const vendor of ['fcm', 'apns']) {
      expect(answersAt(vendor).filter(isBusy), vendor).to.have.length.above(10);
    }
    expect(share((row) => answerOf(row) != null)).to.be.closeTo(0.025, 0.005);
  });

  it('names zones that exist and consents that are not in the future', () => {
    const zones = new Set(rows.map((row) => row.timeZone!));
    expect([...zones].filter((zone) => !IANAZone.isValidZone(zone))).to.deep.equal([]);
    expect(zones.size).to.be.above(10);
    expect(
      rows.filter((row) => new Date(row['consent.at']!) > new Date('2026-01-01')),
    ).to.deep.equal([]);
  });
});
