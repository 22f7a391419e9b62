/** Why a campaign could not send. */
import joi from 'joi';

export const refusal = joi
  .object({
    code: joi.string().required(),
    detail: joi.string(),
    errors: joi
      .array()
      .items(
        joi.object({
          field: joi.string().allow('').required().description('Of `task`'),
          detail: joi.string().required(),
          position: joi.number().integer(),
        }),
      )
      .required(),
  })
  .description('Why no task could be made, as `POST /v1/tasks` would answer');
