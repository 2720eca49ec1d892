import { Address } from './address.js';
import { BaseRecord } from './base-record.js';
import { IsPart, IsText, IsTextList } from './field-decorators.js';

/** A person. */
export class Contact extends BaseRecord {
  /** The full name: some CRMs keep nothing else. */
  @IsText()
  name?: string;

  @IsText()
  firstName?: string;

  @IsText()
  lastName?: string;

  /** The first one, as the CRM holds it: CRMs keep addresses that no validator would pass. */
  @IsText()
  email?: string;

  /** All of them, the first one included, where the CRM keeps several. */
  @IsTextList()
  emails?: string[];

  /** The first one, as the CRM holds it; no form is promised. */
  @IsText()
  phone?: string;

  /** All of them, the first one included, where the CRM keeps several. */
  @IsTextList()
  phones?: string[];

  /** As the CRM holds it; no form is promised. */
  @IsText()
  mobilePhone?: string;

  /** What the person does, in words of people. */
  @IsText()
  jobTitle?: string;

  /** Where the person stands, in the CRM's own words (`lead`, `customer` …). */
  @IsText()
  lifecycleStage?: string;

  /** How sales stands with the person, in the CRM's own words (`new`, `unqualified` …). */
  @IsText()
  status?: string;

  /** The first one, where the CRM keeps several. */
  @IsPart(() => Address)
  address?: Address;

  /** The company the person works for first. */
  @IsText()
  companyId?: string;

  /** All of them, the first one included, where the CRM keeps several. */
  @IsTextList()
  companyIds?: string[];

  /** The company's name as it stands with the person, where the CRM keeps a text beside the link, or instead of it. */
  @IsText()
  companyName?: string;
}
