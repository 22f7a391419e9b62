import { expect } from 'chai';
import { consentFor, mergeConsent, noConsent, refusalsOf } from './consent.js';
import type { Consent } from './device.js';

const NOW = new Date('2026-11-22T10:00:00Z');
const EARLIER = new Date('2026-11-20T10:00:00Z');
const EARLIEST = new Date('2026-11-01T10:00:00Z');

const consent = (fields: Partial<Consent> = {}): Consent => ({ purposes: {}, ...fields });

describe('Consent for a purpose', () => {
  it('is missing until push is granted', () => {
    expect(consentFor(consent(), 'service')).to.equal('no-consent');
    expect(consentFor(consent({ push: 'denied' }), 'service')).to.equal('no-consent');
    expect(consentFor(consent({ purposes: { marketing: 'granted' } }), 'marketing')).to.equal(
      'no-consent',
    );
  });

  it('needs no grant of its own for the default purpose, and one for every other', () => {
    const granted = consent({ push: 'granted' });
    expect(consentFor(granted, 'service')).to.equal('granted');
    expect(consentFor(granted, 'marketing')).to.equal('purpose-off');
    expect(
      consentFor(consent({ push: 'granted', purposes: { marketing: 'granted' } }), 'marketing'),
    ).to.equal('granted');
    expect(
      consentFor(consent({ push: 'granted', purposes: { marketing: 'denied' } }), 'marketing'),
    ).to.equal('purpose-off');
  });

  it('honours a denial of the default purpose', () => {
    expect(
      consentFor(consent({ push: 'granted', purposes: { service: 'denied' } }), 'service'),
    ).to.equal('purpose-off');
  });

  it('takes no grant from what every object has', () => {
    expect(consentFor(consent({ push: 'granted' }), 'constructor')).to.equal('purpose-off');
  });
});

describe('A change of consent', () => {
  const granted = consent({ push: 'granted', purposes: { marketing: 'granted' }, at: EARLIER });

  it('keeps what it does not name', () => {
    const after = mergeConsent(granted, { purposes: { news: 'granted' }, source: 'form' }, NOW);
    expect(after).to.deep.equal({
      push: 'granted',
      purposes: { marketing: 'granted', news: 'granted' },
      source: 'form',
      at: NOW,
    });
  });

  it('is none when it decides nothing new, even with a newer date', () => {
    expect(mergeConsent(granted, { push: 'granted' }, NOW)).to.equal(granted);
    expect(mergeConsent(granted, { push: 'granted', at: NOW }, NOW)).to.equal(granted);
  });

  it('withdraws, however late it arrives', () => {
    const after = mergeConsent(granted, { push: 'denied', at: EARLIEST }, NOW);
    expect(after).to.have.property('push', 'denied');
    expect(after.at).to.deep.equal(EARLIER);
  });

  it('grants nothing when it is older than the last decision', () => {
    const denied = consent({ push: 'denied', purposes: { marketing: 'denied' }, at: EARLIER });
    const late = { push: 'granted', purposes: { marketing: 'granted', news: 'granted' } } as const;
    expect(mergeConsent(denied, { ...late, at: EARLIEST, source: 'old' }, NOW)).to.equal(denied);
    expect(mergeConsent(denied, { ...late, at: NOW }, NOW)).to.have.property('push', 'granted');
  });

  it('counts as now when its date lies in the future', () => {
    const future = new Date('2030-01-01T00:00:00Z');
    expect(mergeConsent(noConsent(), { push: 'granted', at: future }, NOW).at).to.deep.equal(NOW);
  });

  it('alters neither what was before nor what it was given', () => {
    const before = structuredClone(granted);
    mergeConsent(granted, { push: 'denied', purposes: { marketing: 'denied' } }, NOW);
    expect(granted).to.deep.equal(before);
  });
});

describe('The refusals of a consent', () => {
  it('hold no grant', () => {
    const mixed = consent({
      push: 'granted',
      purposes: { marketing: 'denied', news: 'granted' },
      at: EARLIER,
    });
    expect(refusalsOf(mixed)).to.deep.equal({ purposes: { marketing: 'denied' }, at: EARLIER });
  });
});
