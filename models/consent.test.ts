import { expect } from 'chai';
import { type ConsentChange, consentFor, mergeConsent, noConsent, refusalsOf } from './consent.js';
import type { Consent, Grant } from './device.js';

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

describe('The version that a grant was given for', () => {
  const current = new Set(['3', '4']);
  const given = (change: ConsentChange, before = noConsent(), now = NOW) =>
    mergeConsent(before, change, now);

  it('is that of the change for each purpose that the change names, and for no other', () => {
    const first = given({
      push: 'granted',
      purposes: { marketing: 'granted' },
      policyVersion: '1',
    });
    expect(first.policyVersions).to.deep.equal({ service: '1', marketing: '1' });
    const second = given({ purposes: { news: 'granted' }, policyVersion: '3' }, first);
    expect(second.policyVersions).to.deep.equal({ service: '1', marketing: '1', news: '3' });
    expect(consentFor(second, 'marketing', current)).to.equal('consent-outdated');
    expect(consentFor(second, 'news', current)).to.equal('granted');
  });

  it('may be given for each purpose', () => {
    const { policyVersions } = given({
      push: 'granted',
      purposes: { marketing: 'granted', news: 'granted' },
      policyVersion: '1',
      policyVersions: { news: '4' },
    });
    expect(policyVersions).to.deep.equal({ service: '1', marketing: '1', news: '4' });
  });

  it('does not matter where no version is asked for', () => {
    const unversioned = given({ push: 'granted', purposes: { marketing: 'granted' } });
    expect(unversioned).to.not.have.property('policyVersions');
    expect(consentFor(unversioned, 'marketing')).to.equal('granted');
    expect(consentFor(unversioned, 'marketing', current)).to.equal('consent-outdated');
    expect(consentFor(unversioned, 'service', current)).to.equal('consent-outdated');
  });

  it('is not that of another purpose in a consent that was stored without versions by purpose', () => {
    const stored = consent({
      push: 'granted',
      purposes: { marketing: 'granted' },
      policyVersion: '3',
    });
    expect(consentFor(stored, 'marketing', current)).to.equal('consent-outdated');
  });

  it('stays when the grant is stated again without one, and ends with the grant', () => {
    const granted = given({
      push: 'granted',
      purposes: { marketing: 'granted' },
      policyVersion: '3',
    });
    expect(given({ purposes: { marketing: 'granted' } }, granted)).to.equal(granted);
    const denied = given({ purposes: { marketing: 'denied' } }, granted);
    expect(denied.policyVersions).to.deep.equal({ service: '3' });
    const again = given({ purposes: { marketing: 'granted' } }, denied);
    expect(consentFor(again, 'marketing', current)).to.equal('consent-outdated');
  });

  it('is a new decision, with a date of its own', () => {
    const old = given({ push: 'granted', policyVersion: '2' }, noConsent(), EARLIER);
    const fresh = given({ push: 'granted', policyVersion: '3' }, old);
    expect(consentFor(fresh, 'service', current)).to.equal('granted');
    expect(fresh.at).to.deep.equal(NOW);
  });

  it('does not become newer by a grant that arrives late', () => {
    const old = given({ push: 'granted', policyVersion: '2' }, noConsent(), EARLIER);
    const late = { push: 'granted', policyVersion: '3', at: EARLIEST } as const;
    expect(given(late, old)).to.equal(old);
  });

  it('is none of a purpose whose name every object knows', () => {
    const purposes = new Map<string, Grant>([['constructor', 'granted']]);
    const granted = given({ push: 'granted', purposes: Object.fromEntries(purposes) });
    expect(consentFor(granted, 'constructor', current)).to.equal('consent-outdated');
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
