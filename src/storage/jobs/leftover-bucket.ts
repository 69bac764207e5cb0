/** Whether a job failed because a bucket of the same name exists, and which one. */

const EXISTS = ' already exists'
/** S3's own words for the same. */
const TAKEN =
  /bucketalreadyexists|bucketalreadyownedbyyou|bucket name is not available|you already own it/i
/** What else can already exist: the word before the name in the texts of CloudFormation and IAM. */
const OTHER_RESOURCE =
  /^(?:role|stack|policy|table|function|pool|group|user|topic|queue|parameter|alarm|api|app|branch|environment|key|layer|resource)$/i
/** How far from the words a text mentions S3. */
const MAX_DISTANCE = 200

/** A bucket that exists, and where the text says so; its name is undefined if the text does not contain it. */
export type LeftoverBucket = Readonly<{ bucketName: string | undefined; position: number }>

/**
 * @param text the text of the failed job
 * @param environment bucket names of the Amplify CLI end in it
 */
export function findLeftoverBucket(text: string, environment: string): LeftoverBucket | undefined {
  for (let index = text.indexOf(EXISTS); index >= 0; index = text.indexOf(EXISTS, index + 1)) {
    const found = findBucketBefore(text, index, environment)
    if (found !== undefined) return found
  }
  const position = text.search(TAKEN)
  return position < 0 ? undefined : { bucketName: undefined, position }
}

function findBucketBefore(
  text: string,
  index: number,
  environment: string,
): LeftoverBucket | undefined {
  const before = text.slice(Math.max(0, index - MAX_DISTANCE), index)
  const words = before.split(/[\s"'`]/).filter((word) => word !== '')
  const name = words.at(-1) ?? ''
  const isBucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)
  if (!isBucketName && !/^bucket$/i.test(name)) return undefined
  if (OTHER_RESOURCE.test(words.at(-2) ?? '')) return undefined
  const around = `${before}${text.slice(index, index + MAX_DISTANCE)}`
  const isAboutS3 = /bucket|\bservice: (?:amazon )?s3\b|aws::s3::/i.test(around)
  if (!isAboutS3 && !name.endsWith(`-${environment}`)) return undefined
  return {
    bucketName: isBucketName && /[-.\d]/.test(name) ? name : undefined,
    position: index,
  }
}
