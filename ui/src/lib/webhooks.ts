// How a webhook stands, in a word and a sentence, and what it hears of.
import { language, t, tn } from './texts.svelte';
import { EVENTS, type Delivery, type EventType, type HealthStatus, type Webhook } from './wire';
import { clock } from './words';

/** The host that a webhook is known by; the rest of its address may be a secret. */
export function hostOf(webhook: Webhook): string {
  return URL.canParse(webhook.url) ? new URL(webhook.url).host : webhook.url;
}

export function eventName(kind: EventType): string {
  return t(`activity.kind.${kind}`);
}

/** What it hears of: "All events", or which. */
export function heardOf(webhook: Webhook): string {
  if (webhook.events.length === EVENTS.length) return t('webhooks.all');
  return webhook.events.map(eventName).join(', ');
}

/** The shape and the word for it; the shapes are those of connections. */
export function standingOf(webhook: Webhook): { status: HealthStatus; label: string } {
  if (webhook.offBecause === 'by-you') return { status: 'paused', label: t('webhooks.state.off') };
  if (!webhook.enabled) return { status: 'attention', label: t('webhooks.state.turnedOff') };
  if (webhook.failingSince) return { status: 'retrying', label: t('webhooks.state.failing') };
  return { status: 'connected', label: t('webhooks.state.on') };
}

/** The one thing worth knowing beside the word. */
export function noteOf(webhook: Webhook, now: number): string {
  if (webhook.enabled && webhook.failingSince) return t('row.since', { time: clock(webhook.failingSince, now) });
  return webhook.waiting > 0 ? tn('webhooks.waiting', webhook.waiting) : '';
}

export function deliveryStanding(delivery: Delivery): { status: HealthStatus; label: string } {
  switch (delivery.state) {
    case 'waiting':
      return { status: delivery.attempts > 0 ? 'retrying' : 'connecting', label: t('webhooks.delivery.waiting') };
    case 'delivered':
      return { status: 'connected', label: t('webhooks.delivery.delivered') };
    case 'dead':
      return { status: 'attention', label: t('webhooks.delivery.dead') };
  }
}

/** What the receiver said: its status, else that it said nothing. */
export function answerOf(delivery: Delivery): string {
  if (delivery.lastStatus) return `HTTP ${delivery.lastStatus}`;
  return delivery.attempts > 0 ? t('webhooks.noAnswer') : t('webhooks.notTried');
}

/** Why the last attempt failed; the engine's own words are English. */
export function failureOf(delivery: Delivery): string {
  if (!delivery.lastError) return '';
  if (language() === 'en') return delivery.lastError[0]!.toUpperCase() + delivery.lastError.slice(1);
  return answerOf(delivery);
}

/** Whether an event was made up to try the receiver. */
export function isTest(delivery: Delivery): boolean {
  return delivery.connectionId === 'con_test';
}
