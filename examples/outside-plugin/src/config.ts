import { IsNotEmpty, IsNumber, IsString, Min } from 'class-validator';

/** `plugins.outside-plugin` of mesh.yaml. */
export class Config {
  @IsString()
  @IsNotEmpty()
  file = 'won-deals.csv';

  /** Smaller deals are left out. */
  @IsNumber()
  @Min(0)
  atLeast = 0;
}
