import 'reflect-metadata';
import { ArrayMinSize, IsNotEmpty, IsString, Matches, ValidateBy } from 'class-validator';
import { Key, Optional } from './config-key.js';
import { parseNetwork } from './network.js';

/** A list of addresses and networks. */
export function Networks(): PropertyDecorator {
  const validator = {
    validate: (list: unknown) => Array.isArray(list) && list.every((item) => parseNetwork(item) !== undefined),
    defaultMessage: () => 'must list addresses or networks such as 203.0.113.7 or 10.0.0.0/8',
  };
  return ValidateBy({ name: 'isNetworkList', validator });
}

export class BasicAccessConfig {
  @Key({ type: 'text', meaning: 'What the sender names itself.' })
  @IsString()
  @Matches(/^[^:]+$/, { message: 'must be a text without a colon' })
  user!: string;

  @Key({ type: 'secret', meaning: 'Its password.' })
  @IsString()
  @IsNotEmpty()
  password!: string;
}

/** What a webhook request must show besides its signature, or instead of one. */
export class AccessConfig {
  @Key({
    type: 'secret',
    meaning:
      'A last segment of the webhook address that only the CRM was told: `/webhooks/<tenant>/<name>/<secretPath>`.',
  })
  @Optional()
  @Matches(/^[A-Za-z0-9_=-]{20,200}$/, { message: 'must be 20 to 200 letters, digits or any of - _ =' })
  secretPath?: string;

  @Key({ type: 'object', meaning: 'HTTP Basic authentication.', nested: BasicAccessConfig })
  @Optional()
  basic?: BasicAccessConfig;

  @Key({ type: 'list of networks', meaning: 'From where requests may come: addresses or networks (`10.0.0.0/8`).' })
  @Optional()
  @Networks()
  @ArrayMinSize(1)
  allow?: string[];
}
