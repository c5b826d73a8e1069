import { Metadata, type StatusObject, status } from '@grpc/grpc-js'

/** An error as the server sends it: what kind it is stands in the trailer `exception`. */
export class Failure extends Error implements Pick<StatusObject, 'code' | 'details' | 'metadata'> {
  readonly metadata = new Metadata()

  constructor(
    readonly code: status,
    readonly details: string,
    exception?: string,
  ) {
    super(details)
    if (exception !== undefined) this.metadata.set('exception', exception)
  }
}

export const streamDeleted = (stream: string) =>
  new Failure(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, 'stream-deleted')

export const groupMissing = (stream: string, group: string) =>
  new Failure(
    status.NOT_FOUND,
    `Subscription group ${group} on stream ${stream} does not exist.`,
    'persistent-subscription-does-not-exist',
  )

export const groupExists = (stream: string, group: string) =>
  new Failure(
    status.ALREADY_EXISTS,
    `Subscription group ${group} on stream ${stream} exists.`,
    'persistent-subscription-exists',
  )

export const accessDenied = () => new Failure(status.PERMISSION_DENIED, 'Access Denied', 'access-denied')
