import type { Observer } from './observer.ts'

export function outboxLevel(o: Observer, waiting: number): void {
  o.metrics.gauge('lextap_outbox_events', 'Outbox events that nobody took yet', waiting)
}

export function outboxFull(o: Observer, facts: { waiting: number; capacity: number; clients: number }): void {
  o.metrics.count('lextap_outbox_full_total', 'Times the outbox was full and the source had to wait')
  const why = facts.clients === 0 ? 'nobody takes events' : 'events are taken too slowly'
  o.log.warn(facts, `the outbox is full (${why}): the source waits`)
}

export function outboxRoomAgain(o: Observer, facts: { waiting: number; forMs: number }): void {
  o.log.info(facts, 'the outbox has room again: the source goes on')
}

export function outboxTrouble(o: Observer, facts: { what: string; err: unknown }): void {
  o.metrics.count('lextap_outbox_errors_total', 'Times the outbox could not be read or written')
  o.log.error(facts, 'the outbox cannot be used; trying again')
}

export function eventsSent(o: Observer, sink: 'channel' | 'webhook', events: number): void {
  if (events === 0) return
  o.metrics.count('lextap_delivery_sent_total', 'Outbox events sent, repeats included', { sink }, events)
}

export function eventsTaken(o: Observer, sink: 'channel' | 'webhook', events: number): void {
  if (events === 0) return
  o.metrics.count(
    'lextap_delivery_taken_total',
    'Outbox events acked by a client or a webhook',
    { sink },
    events,
  )
}

export function eventsRepeated(o: Observer, facts: { client: string; events: number; first: number }): void {
  o.metrics.count('lextap_delivery_timeouts_total', 'Events a client did not ack in time', {}, facts.events)
  o.log.info(facts, 'a client did not ack events in time: sending them again')
}

export function clientConnected(
  o: Observer,
  facts: { client: string; clients: number; takes: string },
): void {
  o.metrics.gauge('lextap_channel_clients', 'Clients connected to /channel', facts.clients)
  o.log.info(facts, 'a client connected to /channel')
}

export function clientGone(
  o: Observer,
  facts: { client: string; clients: number; reason: string; unacked: number },
): void {
  o.metrics.gauge('lextap_channel_clients', 'Clients connected to /channel', facts.clients)
  o.log.info(facts, 'a client of /channel is gone')
}

export function webhookAnswered(
  o: Observer,
  outcome: 'success' | 'refused' | 'unreachable',
  seconds: number,
): void {
  o.metrics.count('lextap_webhook_requests_total', 'Webhook requests by what became of them', { outcome })
  o.metrics.time('lextap_webhook_seconds', 'Time of a webhook request', seconds)
}

export function webhookFailed(
  o: Observer,
  facts: { id: number; name: string; error: string; attempts: number; waitMs: number },
): void {
  o.log.warn({ ...facts, waitMs: Math.round(facts.waitMs) }, 'a webhook request failed; trying again')
}

export function eventGivenUp(
  o: Observer,
  facts: { id: number; name: string; error: string; attempts: number },
): void {
  o.metrics.count('lextap_delivery_failed_total', 'Events that became dead letters of the webhook')
  o.log.error(facts, 'an event could not be delivered; see `lextap outbox list`')
}
