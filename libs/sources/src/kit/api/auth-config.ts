import type { ApiAuth, OAuth } from '@crm-mesh/sdk';
import { Type } from 'class-transformer';
import { IsIn, IsNotEmpty, IsOptional, IsString, IsUrl, Matches, ValidateIf, ValidateNested } from 'class-validator';

export class HeaderAuth {
  @Matches(/^[A-Za-z0-9-]+$/, { message: '$property must be the name of a header' })
  name!: string;

  @IsString()
  @IsNotEmpty()
  value!: string;
}

export class BasicAuth {
  @IsString()
  @IsNotEmpty()
  user!: string;

  /** Many APIs take a key as the user, and no password. */
  @IsString()
  password: string = '';
}

const isGrant = (grant: OAuthAuth['grant']) => ValidateIf((auth: OAuthAuth) => auth.grant === grant);

/** OAuth 2.0. */
export class OAuthAuth {
  @IsIn(['refresh_token', 'client_credentials', 'jwt-bearer'])
  grant!: 'refresh_token' | 'client_credentials' | 'jwt-bearer';

  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  tokenUrl!: string;

  @IsString()
  @IsNotEmpty()
  clientId!: string;

  @IsOptional()
  @IsString()
  @IsNotEmpty()
  clientSecret?: string;

  /** Whether the client shows itself in the form or by Basic authentication. */
  @IsIn(['body', 'basic'])
  clientAuth: 'body' | 'basic' = 'body';

  @IsOptional()
  @IsString()
  @IsNotEmpty()
  scope?: string;

  @isGrant('refresh_token')
  @IsString()
  @IsNotEmpty()
  refreshToken?: string;

  /** RSA, in PEM. */
  @isGrant('jwt-bearer')
  @IsString()
  @IsNotEmpty()
  privateKey?: string;

  @isGrant('jwt-bearer')
  @IsString()
  @IsNotEmpty()
  subject?: string;

  @isGrant('jwt-bearer')
  @IsString()
  @IsNotEmpty()
  audience?: string;
}

/** How requests show who they are: one of these. */
export class AuthConfig {
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  bearer?: string;

  @IsOptional()
  @Type(() => HeaderAuth)
  @ValidateNested()
  header?: HeaderAuth;

  @IsOptional()
  @Type(() => BasicAuth)
  @ValidateNested()
  basic?: BasicAuth;

  @IsOptional()
  @Type(() => OAuthAuth)
  @ValidateNested()
  oauth2?: OAuthAuth;
}

/** As the kit's client takes it. */
export function toApiAuth({ bearer, header, basic, oauth2 }: AuthConfig): ApiAuth {
  if (bearer !== undefined) return { kind: 'bearer', token: bearer };
  if (header) return { kind: 'header', name: header.name, value: header.value };
  if (basic) return { kind: 'basic', user: basic.user, password: basic.password };
  return oauth2 ? toOAuth(oauth2) : { kind: 'none' };
}

function toOAuth({ tokenUrl, clientId, clientAuth, clientSecret, scope, ...auth }: OAuthAuth): OAuth {
  return {
    ...{ kind: 'oauth2', tokenUrl, clientId, clientAuth, grant: toGrant(auth) },
    ...(clientSecret !== undefined && { clientSecret }),
    ...(scope !== undefined && { scope }),
  };
}

type Grant = Pick<OAuthAuth, 'grant' | 'refreshToken' | 'privateKey' | 'subject' | 'audience'>;

/** What its kind needs was checked with the configuration. */
function toGrant({ grant, refreshToken, privateKey, subject, audience }: Grant): OAuth['grant'] {
  if (grant === 'client_credentials') return { type: grant };
  if (grant === 'refresh_token') return { type: grant, refreshToken: refreshToken! };
  return { type: grant, privateKeyPem: privateKey!, subject: subject!, audience: audience! };
}
