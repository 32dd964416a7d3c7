"""Addresses of orders, for both sides; `marketplace.urls` includes them under its own name space."""

from django.urls import path

from marketplace.views import orders, signing, vendor_orders

urlpatterns = [
    path("solutions/<str:code>/order/", orders.new_order, name="order_new"),
    path("my/orders/", orders.my_orders, name="my_orders"),
    path("my/orders/<str:number>/", orders.my_order, name="my_order"),
    path("my/orders/<str:number>/contract.pdf", orders.contract, name="order_contract"),
    path("my/orders/<str:number>/sign/", signing.buyer_signs, name="order_sign"),
    path("my/orders/<str:number>/rate/", orders.rate, name="order_rate"),
    path("my/orders/<str:number>/do/<slug:verb>/", orders.act, name="order_act"),
    path("vendor/orders/", vendor_orders.listing, name="vendor_orders"),
    path("vendor/orders/<str:number>/", vendor_orders.sale, name="vendor_order"),
    path("vendor/orders/<str:number>/contract.pdf", vendor_orders.contract, name="vendor_order_contract"),
    path("vendor/orders/<str:number>/sign/", signing.vendor_signs, name="vendor_order_sign"),
    path("vendor/orders/<str:number>/refuse/", vendor_orders.refuse, name="vendor_order_refuse"),
    path("vendor/orders/<str:number>/copay/", vendor_orders.copay, name="vendor_order_copay"),
    path("vendor/orders/<str:number>/activate/", vendor_orders.activate, name="vendor_order_activate"),
]
