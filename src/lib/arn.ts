/** The parts of an Amazon Resource Name, `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`. */
export type Arn = Readonly<{
  partition: string
  service: string
  /** Empty for global services such as IAM. */
  region: string
  accountId: string
  /** Everything after the account, for example `role/path/name`. */
  resource: string
}>

/** Splits an ARN into its parts; undefined when the text is not an ARN. Does not validate the parts. */
export function parseArn(text: string): Arn | undefined {
  const [prefix, partition = '', service = '', region = '', accountId = '', ...resource] =
    text.split(':')
  return prefix === 'arn' && resource.length > 0
    ? { partition, service, region, accountId, resource: resource.join(':') }
    : undefined
}
