use async_graphql::{Context, Object};

use super::change::{remove, rotate};
use super::register::register;
use super::{
    RegisterWhatsAppNumberInput, RegisterWhatsAppNumberResult, RemoveWhatsAppNumberInput,
    RemoveWhatsAppNumberResult, RotateWhatsAppNumberInput, RotateWhatsAppNumberResult,
};
use crate::RequestContext;

/// Mutations of numbers on `WhatsApp`.
#[derive(Debug, Default)]
pub struct WhatsAppNumberMutation;

#[Object]
impl WhatsAppNumberMutation {
    /// Registers a number that people write to on WhatsApp, for a template of yours: agents that are installed of it answer there. For
    /// owners and admins of an organisation that the server's operator lets register numbers.
    #[graphql(name = "registerWhatsAppNumber")]
    async fn register_whatsapp_number(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and by which secrets.")] input: RegisterWhatsAppNumberInput,
    ) -> async_graphql::Result<RegisterWhatsAppNumberResult> {
        register(RequestContext::of(context)?, input).await
    }

    /// Replaces secrets of a number on WhatsApp. For owners and admins of its organisation.
    #[graphql(name = "rotateWhatsAppNumber")]
    async fn rotate_whatsapp_number(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and what is replaced.")] input: RotateWhatsAppNumberInput,
    ) -> async_graphql::Result<RotateWhatsAppNumberResult> {
        rotate(RequestContext::of(context)?, input).await
    }

    /// Removes a number on WhatsApp: what is written to it is not answered any more, and what waits to be sent by it is dropped. For
    /// owners and admins of its organisation.
    #[graphql(name = "removeWhatsAppNumber")]
    async fn remove_whatsapp_number(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: RemoveWhatsAppNumberInput,
    ) -> async_graphql::Result<RemoveWhatsAppNumberResult> {
        remove(RequestContext::of(context)?, input).await
    }
}
