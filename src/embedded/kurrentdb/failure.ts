import { Metadata, type StatusObject, status } from '@grpc/grpc-js'

/** An error as the server sends it: what kind it is stands in the trailer `exception`. */
export class Failure extends Error implements Pick<StatusObject, 'code' | 'details' | 'metadata'> {
  readonly metadata = new Metadata()

  constructor(
    readonly code: status,
    readonly details: string,
    trailers: Readonly<Record<string, string>>,
  ) {
    super(details)
    for (const [name, value] of Object.entries(trailers)) this.metadata.set(name, value)
  }
}

export const invalid = (details: string) => new Failure(status.INVALID_ARGUMENT, details, {})

export const streamDeleted = (stream: string) =>
  new Failure(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': encodeURIComponent(stream),
  })

export const groupMissing = (stream: string, group: string) =>
  new Failure(status.NOT_FOUND, `Subscription group ${group} on stream ${stream} does not exist.`, {
    exception: 'persistent-subscription-does-not-exist',
    'stream-name': encodeURIComponent(stream),
    'group-name': encodeURIComponent(group),
  })

export const groupExists = (stream: string, group: string) =>
  new Failure(status.ALREADY_EXISTS, `Subscription group ${group} on stream ${stream} exists.`, {
    exception: 'persistent-subscription-exists',
    'stream-name': encodeURIComponent(stream),
    'group-name': encodeURIComponent(group),
  })

export const accessDenied = () => new Failure(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' })
