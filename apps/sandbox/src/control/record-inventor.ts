import type { ObjectType } from '../crm/object-types.js';
import { DEAL_PIPELINES } from '../crm/pipelines.js';
import { Invention } from '../story/invent.js';
import type { Properties } from '../story/operation.js';

/** Makes up what somebody types into a form, for who only wants to see something happen. */
export class RecordInventor {
  private readonly invention = new Invention(4_711, 'm');
  private made = 0;

  create(type: ObjectType): Properties {
    const { invention } = this;
    const [pipeline] = DEAL_PIPELINES;
    this.made += 1;
    switch (type) {
      case 'contacts':
        return invention.contact('walk-in.example');
      case 'companies':
        return invention.company();
      case 'deals':
        return invention.deal('Walk-in', { id: pipeline!.id, firstStage: pipeline!.stages[0]!.id });
      case 'products':
        return invention.product(this.made);
      case 'line_items':
        return invention.lineItem(invention.product(this.made));
      case 'leads':
        return invention.lead('Walk-in');
    }
  }

  change(type: ObjectType): Properties {
    const { invention } = this;
    switch (type) {
      case 'contacts':
        return invention.contactEdit();
      case 'companies':
        return invention.companyEdit();
      case 'deals':
        return { amount: invention.amount() };
      case 'products':
      case 'line_items':
        return { price: invention.amount() };
      case 'leads':
        return { hs_lead_label: invention.pick(['HOT', 'WARM', 'COLD']) };
    }
  }
}
