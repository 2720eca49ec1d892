/** `Application/JSON; charset=UTF-8` as `application/json`; empty where there is none. */
export function readMediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

/** JSON, or a format built on it. */
export function isJson(mediaType: string): boolean {
  return mediaType === 'application/json' || mediaType === 'text/json' || mediaType.endsWith('+json');
}
